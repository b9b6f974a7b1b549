#include "ike/v2/fragmentation.h"

namespace adit::ike::v2 {

Reassembly::Intake Reassembly::take(MessageId id, const wire::ProtectedPart& fragment, ByteString plaintext) {
  if (!is_possible(fragment)) return Intake::dropped;
  if (id == id_ && fragment.fragment_total < parts_.size()) return Intake::dropped;
  if (id != id_ || fragment.fragment_total > parts_.size()) *this = Reassembly{id, fragment.fragment_total};

  std::optional<ByteString>& part = parts_[fragment.fragment_number - 1u];
  if (part || octets_ + plaintext.size() > most_reassembled_octets) return Intake::dropped;
  octets_ += plaintext.size();
  part = std::move(plaintext);
  if (fragment.fragment_number == 1) first_ = fragment.first_inner;
  return ++received_ == parts_.size() ? Intake::complete : Intake::taken;
}

ByteString Reassembly::whole() const {
  ByteString octets;
  octets.reserve(octets_);
  for (const auto& part : parts_) append(octets, *part);
  return octets;
}

}  // namespace adit::ike::v2
