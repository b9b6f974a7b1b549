// Addresses, prefixes, ranges, and spans of numbers (docs/policy.md, "Values").

#include <fmt/format.h>

#include "policy/nearest.h"
#include "policy/values.h"

namespace adit::policy {
namespace {

Finding wrong(std::string_view problem, std::string_view found, std::string_view expected) {
  return {
      .problem = std::string{problem}, .found = std::string{found}, .expected = std::string{expected}, .nearest = {}};
}

// `a-b`, `a - b`, `a- b` and `a -b` as one text.
std::string joined(ValueText& text, std::string_view delimiters, Word& word) {
  word = text.take();
  std::string whole{word.text};
  const auto is_delimiter = [delimiters](char letter) { return delimiters.contains(letter); };
  for (int parts = 0; parts < 2; ++parts) {
    const bool open = !whole.empty() && is_delimiter(whole.back());
    const bool goes_on = !text.peek().empty() && is_delimiter(text.peek().front());
    if (!open && !goes_on) break;
    whole += text.take().text;
  }
  return whole;
}

std::optional<AddressSpec> all_addresses(std::string_view word) {
  const auto is = [word](std::string_view a, std::string_view b) {
    return equal_without_case(word, a) || equal_without_case(word, b);
  };
  if (is("All4", "Any4")) return AddressSpec{{IpRange::all(IpFamily::v4)}};
  if (is("All6", "Any6")) return AddressSpec{{IpRange::all(IpFamily::v6)}};
  if (is("All", "Any")) return AddressSpec{{IpRange::all(IpFamily::v4), IpRange::all(IpFamily::v6)}};
  return std::nullopt;
}

Value read_prefix(const std::string& whole, const Word& word, ValueText& text, std::string_view expected) {
  const std::size_t slash = whole.find('/');
  const auto address = IpAddress::parse(std::string_view{whole}.substr(0, slash));
  const auto length = parse_number(std::string_view{whole}.substr(slash + 1));
  if (!address || !length || *length > address->bits()) {
    text.refuse(word, wrong("not an address prefix", whole, expected));
    return {};
  }
  const IpRange range = IpRange::of_prefix(*address, static_cast<unsigned>(*length));
  if (range.first != *address) {
    text.warn(word, wrong("bits after the prefix are passed over", whole, range.to_string()));
  }
  return AddressSpec{{range}};
}

Value read_address_range(const std::string& whole, const Word& word, ValueText& text, std::string_view expected) {
  const std::size_t dash = whole.find('-');
  const auto first = IpAddress::parse(std::string_view{whole}.substr(0, dash));
  const auto last = IpAddress::parse(std::string_view{whole}.substr(dash + 1));
  if (!first || !last) {
    text.refuse(word, wrong("not an address range", whole, expected));
    return {};
  }
  if (first->family() != last->family()) {
    text.refuse(word, wrong("addresses of two families", whole, expected));
    return {};
  }
  if (*last < *first) {
    text.refuse(word, wrong("first address above the last", whole, expected));
    return {};
  }
  return AddressSpec{{IpRange{*first, *last}}};
}

}  // namespace

Value read_address(const AttributeRow& row, ValueText& text, std::string_view expected) {
  Word word;
  const std::string whole = joined(text, "-", word);
  const bool takes_sets = row.form == Form::address;
  const bool takes_single = takes_sets || row.form == Form::single_address;
  if (whole.empty()) {
    text.refuse(word, wrong("value missing", {}, expected));
    return {};
  }
  if (takes_single) {
    if (auto all = all_addresses(whole)) return *std::move(all);
    if (const auto address = IpAddress::parse(whole)) return AddressSpec{{IpRange::of(*address)}};
  }
  if (whole.contains('/') && (takes_sets || row.form == Form::prefix)) return read_prefix(whole, word, text, expected);
  if (whole.contains('-') && (takes_sets || row.form == Form::range)) {
    return read_address_range(whole, word, text, expected);
  }
  text.refuse(word, wrong("not an address", whole, expected));
  return {};
}

Value read_span(const AttributeRow& row, ValueText& text, std::string_view expected) {
  Word word;
  std::string whole = joined(text, ":-", word);
  const std::size_t delimiter = whole.find_first_of(":-");
  const auto first = parse_number(std::string_view{whole}.substr(0, delimiter));
  auto last = first;
  if (delimiter != std::string::npos) {
    last = parse_number(std::string_view{whole}.substr(delimiter + 1));
  } else if (parse_number(text.peek())) {
    const std::string_view second = text.take().text;
    last = parse_number(second);
    whole += " " + std::string{second};
  }
  if (!first || !last) {
    text.refuse(word, wrong(whole.empty() ? "value missing" : "not a number or range", whole, expected));
    return {};
  }
  if (*first > row.most || *last > row.most || *first < row.least) {
    text.refuse(word, wrong("number out of range", whole, expected));
    return {};
  }
  if (*first > *last) {
    text.refuse(word, wrong("first number above the second", fmt::format("{} {}", *first, *last), expected));
    return {};
  }
  return Span{*first, *last};
}

}  // namespace adit::policy
