#include "policy/policy_source.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/narrow.h"

namespace adit::policy {
namespace {

// The layout: "ADIT policy\n", then for each file its kind (1 octet), its length (4 octets, network order), its text.
constexpr std::string_view mark = "ADIT policy\n";
constexpr std::uint8_t common_kind = 1, own_kind = 2;
constexpr std::size_t before_a_text = 5;

/// A file's text for the parser.
std::optional<SourceFile> lent(const char* name, const std::optional<Secret>& text) {
  std::optional<SourceFile> file;
  if (text) file.emplace(name, std::string{as_text(text->reveal())});
  return file;
}

}  // namespace

std::expected<PolicySource, ParseError> PolicySource::parse(Bytes octets) {
  Reader in{octets};
  PolicySource source;
  in.require(octets.size() <= largest, "size");
  in.require(as_text(in.take(mark.size(), "mark")) == mark, "mark");
  while (in.more()) {
    const std::uint8_t kind = in.u8("kind of file");
    // Each kind once, the common file first: a policy has one form only.
    in.require((kind == common_kind && !source.common && !source.own) || (kind == own_kind && !source.own),
               "kind of file");
    const std::uint32_t length = in.u32("length of a text");
    const Bytes text = in.take(length, "text");
    if (in.failed()) break;
    (kind == common_kind ? source.common : source.own).emplace(text);
  }
  in.require(source.common || source.own, "files");
  return in.finish(std::move(source));
}

Secret PolicySource::build() const {
  std::size_t size = mark.size();
  for (const auto* text : {&common, &own}) size += *text ? before_a_text + (*text)->size() : 0;
  Secret built{size};
  auto to = built.reveal_to_fill().begin();
  const auto put = [&to](Bytes octets) { to = std::ranges::copy(octets, to).out; };
  put(as_bytes(mark));
  for (const auto& [kind, text] : {std::pair{common_kind, &common}, std::pair{own_kind, &own}}) {
    if (!*text) continue;
    const auto length = narrow<std::uint32_t>((*text)->size());
    const std::uint8_t head[before_a_text] = {
        kind, static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
        static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    put(head);
    put((*text)->reveal());
  }
  return built;
}

ParseResult PolicySource::policy_of(const StackName& stack, const Surroundings& around) const {
  const auto common_file = lent("central common policy", common), own_file = lent("central policy", own);
  return parse_policy(stack, common_file ? &*common_file : nullptr, own_file ? &*own_file : nullptr, around);
}

}  // namespace adit::policy
