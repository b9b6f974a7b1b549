#pragma once
// Shell: reads a key ring from a directory of files.
//
//   certs/LABEL.pem    an end-entity or intermediate certificate; further ones in the file are its issuers
//   private/LABEL.pem  the private key of certs/LABEL.pem, readable by its owner alone
//   ca/LABEL.pem       a trusted authority; LABEL is the CaLabel of policies
//   crls/NAME.pem      certificate revocation lists
//
// `.der` in place of `.pem` holds one object in DER. Names that begin with a dot are passed over; any other name is a
// problem, for a file that is silently ignored is found too late. A folder that is missing is empty.

#include <expected>
#include <filesystem>
#include <memory>
#include <vector>

#include "nss/key_ring.h"

namespace adit::nss {

/// Octets of one file at most; the largest are CRLs.
inline constexpr std::size_t largest_ring_file = std::size_t{8} * 1024 * 1024;

/// The ring, or every problem found in reading the files or in what they hold.
std::expected<std::shared_ptr<const KeyRing>, std::vector<RingProblem>> load_directory(
    const std::filesystem::path& directory);

}  // namespace adit::nss
