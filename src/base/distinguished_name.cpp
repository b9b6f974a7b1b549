#include "base/distinguished_name.h"

#include <algorithm>

#include "base/writer.h"

namespace adit {
namespace {

// DER tags (X.690 §8.19 to §8.23).
constexpr std::uint8_t tag_oid = 0x06, tag_sequence = 0x30, tag_set = 0x31;
constexpr std::uint8_t tag_utf8 = 0x0c, tag_numeric = 0x12, tag_printable = 0x13, tag_t61 = 0x14, tag_ia5 = 0x16;
constexpr std::uint8_t tag_visible = 0x1a, tag_universal = 0x1c, tag_bmp = 0x1e;

/// The content of the next element, which must have this tag. Lengths of more than two octets are refused: an ID
/// payload holds less (RFC 7296 §3.2).
Bytes content(Reader& in, std::uint8_t tag, std::string_view field) {
  in.require(in.u8(field) == tag, field);
  std::size_t length = in.u8(field);
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    in.require(octets == 1 || octets == 2, field);
    length = octets == 1 ? in.u8(field) : in.u16(field);
    in.require(length >= (octets == 1 ? 0x80u : 0x100u), field);  // DER: in the fewest octets
  }
  return in.take(length, field);
}

void build_element(Writer& out, std::uint8_t tag, Bytes octets) {
  out.u8(tag);
  if (octets.size() >= 0x100) {
    out.u8(0x82);
    out.u16(narrow<std::uint16_t>(octets.size()));
  } else {
    if (octets.size() >= 0x80) out.u8(0x81);
    out.u8(static_cast<std::uint8_t>(octets.size()));
  }
  out.bytes(octets);
}

bool is_surrogate(std::uint32_t point) { return point >= 0xd800 && point < 0xe000; }

bool append_utf8(std::string& text, std::uint32_t point) {
  if (point > 0x10ffff || is_surrogate(point)) return false;
  const auto put = [&text](std::uint32_t octet) { text += static_cast<char>(octet); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
  return true;
}

/// UTF-8 of characters of `width` octets each.
std::optional<std::string> utf8_of(Bytes octets, std::size_t width) {
  if (octets.size() % width != 0) return std::nullopt;
  std::string text;
  for (std::size_t at = 0; at < octets.size(); at += width) {
    std::uint32_t point = 0;
    for (const std::uint8_t octet : octets.subspan(at, width)) point = point << 8 | octet;
    if (!append_utf8(text, point)) return std::nullopt;
  }
  return text;
}

/// RFC 5280 §7.1 as far as ASCII goes: letters in lower case, blanks at the ends cut off and runs of them made one.
/// Letters beyond ASCII compare as they are: no certificate authority relies on their case.
std::string folded(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == ' ') {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
    }
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

/// What two attributes have in common when they match: for a value that is no text, type and octets as encoded.
NameAttribute comparable(const NameAttribute& attribute) {
  const auto text = attribute.text();
  return text ? NameAttribute{attribute.type, tag_utf8, folded(*text)} : attribute;
}

std::vector<NameAttribute> comparable(const std::vector<NameAttribute>& rdn) {
  std::vector<NameAttribute> attributes;
  for (const NameAttribute& attribute : rdn) attributes.push_back(comparable(attribute));
  std::ranges::sort(attributes);  // a set: the order means nothing
  return attributes;
}

std::unexpected<ParseError> located(const ParseError& error, Bytes inside, Bytes whole) {
  const auto start = static_cast<std::size_t>(inside.data() - whole.data());
  return std::unexpected{ParseError{.field = error.field, .offset = start + error.offset}};
}

}  // namespace

std::optional<std::string> NameAttribute::text() const {
  switch (tag) {
    case tag_utf8:
    case tag_numeric:
    case tag_printable:
    case tag_ia5:
    case tag_visible:
      return value;
    case tag_t61:  // in practice Latin-1
      return utf8_of(as_bytes(value), 1);
    case tag_bmp:
      return utf8_of(as_bytes(value), 2);
    case tag_universal:
      return utf8_of(as_bytes(value), 4);
    default:
      return std::nullopt;
  }
}

std::expected<DistinguishedName, ParseError> DistinguishedName::parse_der(Bytes der) {
  Reader outer{der};
  DistinguishedName name;
  const Bytes sequence = content(outer, tag_sequence, "name");
  Reader rdns{sequence};
  while (rdns.more()) {
    rdns.require(name.rdns.size() < most_rdns, "RDNs");
    const Bytes set = content(rdns, tag_set, "RDN");
    rdns.require(!set.empty(), "RDN");
    if (rdns.failed()) break;
    std::vector<NameAttribute>& rdn = name.rdns.emplace_back();
    Reader attributes{set};
    while (attributes.more()) {
      attributes.require(rdn.size() < most_attributes_of_rdn, "attributes");
      const Bytes pair = content(attributes, tag_sequence, "attribute");
      if (attributes.failed()) break;
      Reader in{pair};
      const Bytes type = content(in, tag_oid, "attribute type");
      in.require(!type.empty() && (type.back() & 0x80) == 0, "attribute type");
      const std::uint8_t tag = in.more() ? pair[in.offset()] : std::uint8_t{0};
      const Bytes value = content(in, tag, "attribute value");
      rdn.push_back({{type.begin(), type.end()}, tag, std::string{as_text(value)}});
      const auto whole = in.finish(true);
      if (!whole) return located(whole.error(), pair, der);
    }
    if (attributes.failed()) return located(attributes.error(), set, der);
  }
  if (rdns.failed()) return located(rdns.error(), sequence, der);
  return outer.finish(std::move(name));
}

ByteString DistinguishedName::to_der() const {
  Writer sequence;
  for (const std::vector<NameAttribute>& rdn : rdns) {
    Writer set;
    for (const NameAttribute& attribute : rdn) {
      Writer pair;
      build_element(pair, tag_oid, attribute.type);
      build_element(pair, attribute.tag, as_bytes(attribute.value));
      build_element(set, tag_sequence, pair.written());
    }
    build_element(sequence, tag_set, set.written());
  }
  Writer out;
  build_element(out, tag_sequence, sequence.written());
  return std::move(out).take();
}

bool DistinguishedName::matches(const DistinguishedName& other) const {
  return std::ranges::equal(rdns, other.rdns, [](const auto& a, const auto& b) {
    return a.size() == b.size() && comparable(a) == comparable(b);
  });
}

}  // namespace adit
