#include "tools/ipsec/report/protection.h"

#include <fmt/format.h>

#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {

void add_protection(Entry& entry, const contract::ChildTransforms& transforms, InboundSpi inbound, OutboundSpi outbound,
                    const std::optional<ike::AhSpis>& ah) {
  const EncryptionFacts* encryption = find(transforms.encryption);
  const bool is_around = transforms.around_esp != IntegrityId::none;
  const IntegrityFacts* integrity = find(is_around ? transforms.around_esp : transforms.integrity);
  const bool combined = encryption != nullptr && encryption->is_aead();
  const bool is_gmac = transforms.encryption == EncryptionId::null_auth_aes_gmac;
  const bool encrypts = encryption != nullptr && !is_gmac;
  const bool authenticates = integrity != nullptr || is_gmac;
  const bool has_key_length = encryption != nullptr && encryption->has_key_length;
  const ike::AhSpis of_auth = ah.value_or(ike::AhSpis{.inbound = inbound, .outbound = outbound});
  entry
      .row("HowToAuth", is_around || transforms.protocol == contract::SaProtocol::ah ? "AH"
                        : combined && !is_gmac                                       ? "None"
                                                                                     : "ESP")
      .part("AuthAlgorithm", integrity != nullptr ? std::string{integrity->display}
                             : is_gmac            ? fmt::format("AES-GMAC-{}", transforms.key_bits)
                                                  : not_applicable)
      .part("AuthInboundSpi", spi_text(authenticates ? of_auth.inbound.value() : 0))
      .part("AuthOutboundSpi", spi_text(authenticates ? of_auth.outbound.value() : 0))
      .row("HowToEncrypt", encryption == nullptr ? "None" : std::string{encryption->display})
      .part("KeyLength", encrypts && has_key_length ? std::to_string(transforms.key_bits) : not_applicable)
      .part("EncryptInboundSpi", spi_text(encrypts ? inbound.value() : 0))
      .part("EncryptOutboundSpi", spi_text(encrypts ? outbound.value() : 0));
}

}  // namespace adit::tools::ipsec
