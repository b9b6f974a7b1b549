#pragma once
// The key ring: what nssd knows for all of its clients. Certificates under their labels, with private keys where the
// ring has them; the authorities that are trusted; revocation lists. Built at once from files' octets, never changed:
// a reload makes another one, and who still works with the old one keeps it.

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "crypto/signature.h"
#include "nss/certificate.h"
#include "nss/revocation_list.h"

namespace adit::nss {

enum class RingPlace : std::uint8_t { certificate, private_key, authority, revocation_list };

/// One file of a ring, as read: PEM, or one DER object.
struct RingFile {
  RingPlace place{};
  std::string label;  ///< file name without its ending; joins a private key with its certificate
  std::string name;   ///< for messages: `private/gateway.pem`
  Secret octets;
};

/// What is wrong with a file of a ring.
struct RingProblem {
  std::string file, reason;
  bool operator==(const RingProblem&) const = default;
};

/// A certificate of the ring that is no trust anchor: an end-entity's, or an intermediate authority's.
struct RingCertificate {
  std::string label;
  Certificate certificate;
  crypto::Key private_key;           ///< null: the ring has none
  std::vector<Certificate> issuers;  ///< its issuer, the issuer's issuer …, as far as the ring knows them
  /// The last of `issuers` (or the certificate itself) is self-signed or a trust anchor: nothing is missing above.
  bool has_whole_chain = false;
};

struct RingAuthority {
  std::string label;  ///< the CaLabel of policies
  Certificate certificate;
};

class KeyRing {
 public:
  /// Certificates, authorities, private keys and CRLs, each: a ring is held in memory, and verifying walks its lists.
  static constexpr std::size_t most_of_each = 1024;
  /// Certificates of one chain, the end-entity's and the anchor's counted in.
  static constexpr std::size_t longest_chain = 8;

  /// All or nothing: the ring, or every problem of every file, in the files' order.
  static std::expected<std::shared_ptr<const KeyRing>, std::vector<RingProblem>> build(std::span<const RingFile> files);

  /// In order of their labels; of several certificates in one file the first has the label, the others have none.
  const std::vector<RingCertificate>& certificates() const { return certificates_; }
  const std::vector<RingAuthority>& authorities() const { return authorities_; }
  const std::vector<RevocationList>& revocation_lists() const { return revocation_lists_; }
  const RingAuthority* find_authority(std::string_view label) const;

 private:
  KeyRing() = default;
  void link_chains();

  std::vector<RingCertificate> certificates_;
  std::vector<RingAuthority> authorities_;
  std::vector<RevocationList> revocation_lists_;
};

}  // namespace adit::nss
