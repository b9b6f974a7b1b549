#pragma once
// Which client may use what: nssd's counterpart of the EZB.NSSCERT profiles (reference §4.4). Deny unless granted.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adit::nss {

/// What a label is wanted for.
enum class LabelUse : std::uint8_t {
  sign,       ///< sign with the certificate's private key (…HOST)
  authority,  ///< learn the authority, and let peers' chains end in it (…CERTAUTH)
};

/// One row of configuration. `*` as client stands for every client that TLS let in, as label for every label.
struct Grant {
  std::string client;  ///< the name in the client's TLS certificate
  std::vector<std::string> sign_labels;
  std::vector<std::string> authority_labels;
  bool operator==(const Grant&) const = default;
};

class Grants {
 public:
  Grants() = default;
  explicit Grants(std::vector<Grant> rows) : rows_{std::move(rows)} {}

  /// Whether any row names the client: it may use the certificate service at all.
  bool knows(std::string_view client) const;
  bool permits(std::string_view client, std::string_view label, LabelUse use) const;

 private:
  std::vector<Grant> rows_;
};

}  // namespace adit::nss
