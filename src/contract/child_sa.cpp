#include "contract/child_sa.h"

namespace adit::contract {

std::string ChildTransforms::to_string() const {
  std::string text = protocol == SaProtocol::ah ? "AH" : "ESP";
  if (around_esp != IntegrityId::none) text = "AH " + adit::to_string(around_esp) + " around ESP";
  if (encryption != EncryptionId::none) text += " " + adit::to_string(encryption, key_bits);
  if (integrity != IntegrityId::none) text += " " + adit::to_string(integrity);
  if (extended_sequence_numbers) text += " ESN";
  return text;
}

}  // namespace adit::contract
