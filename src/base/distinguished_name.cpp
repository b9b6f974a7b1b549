#include "base/distinguished_name.h"

#include <algorithm>
#include <array>

#include "base/writer.h"

namespace adit {
namespace {

constexpr std::uint8_t tag_sequence = 0x30;
constexpr std::uint8_t tag_set = 0x31;
constexpr std::uint8_t tag_oid = 0x06;
constexpr std::uint8_t tag_utf8 = 0x0c;
constexpr std::uint8_t tag_printable = 0x13;
constexpr std::uint8_t tag_ia5 = 0x16;
constexpr std::size_t most_rdns = 64;              // of a name; real ones have fewer than ten
constexpr std::size_t most_attributes_of_rdn = 8;  // of one RDN

/// Attribute types by their keywords (RFC 4514 §3, RFC 5280 appendix A.1). The first keyword of an identifier is the
/// one printed.
struct AttributeType {
  const char* keyword;
  const char* oid;  ///< content octets, hexadecimal
  std::uint8_t tag = tag_utf8;
};
constexpr std::array attribute_types = {
    AttributeType{"CN", "550403"},
    AttributeType{"OU", "55040b"},
    AttributeType{"O", "55040a"},
    AttributeType{"L", "550407"},
    AttributeType{"ST", "550408"},
    AttributeType{"S", "550408"},
    AttributeType{"SP", "550408"},
    AttributeType{"C", "550406", tag_printable},
    AttributeType{"T", "55040c"},
    AttributeType{"STREET", "550409"},
    AttributeType{"DC", "0992268993f22c640119", tag_ia5},
    AttributeType{"UID", "0992268993f22c640101"},
    AttributeType{"SERIALNUMBER", "550405", tag_printable},
    AttributeType{"SN", "550404"},
    AttributeType{"GN", "55042a"},
    AttributeType{"EMAIL", "2a864886f70d010901", tag_ia5},
    AttributeType{"E", "2a864886f70d010901", tag_ia5},
    AttributeType{"MAIL", "2a864886f70d010901", tag_ia5},
    AttributeType{"POSTALCODE", "550411"},
};

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

const AttributeType* find_keyword(std::string_view keyword) {
  const auto found = std::ranges::find_if(attribute_types,
                                          [&](const auto& type) { return equal_without_case(type.keyword, keyword); });
  return found == attribute_types.end() ? nullptr : &*found;
}

/// One DER element: its tag, and its content. Lengths in the shortest form, of at most two octets beyond the first.
struct Element {
  std::uint8_t tag = 0;
  Bytes content;
};
Element take_element(Reader& in, std::string_view field) {
  Element element;
  element.tag = in.u8(field);
  std::size_t length = in.u8(field);
  if (length == 0x81) {
    length = in.u8(field);
    in.require(length >= 0x80, field);
  } else if (length == 0x82) {
    length = in.u16(field);
    in.require(length > 0xff, field);
  } else {
    in.require(length < 0x80, field);
  }
  element.content = in.take(in.failed() ? 0 : length, field);
  return element;
}

void write_element(Writer& out, std::uint8_t tag, Bytes content) {
  out.u8(tag);
  if (content.size() < 0x80) {
    out.u8(narrow<std::uint8_t>(content.size()));
  } else if (content.size() <= 0xff) {
    out.u8(0x81);
    out.u8(narrow<std::uint8_t>(content.size()));
  } else {
    out.u8(0x82);
    out.u16(narrow<std::uint16_t>(content.size()));
  }
  out.bytes(content);
}

NameAttribute parse_attribute(Bytes octets, Reader& outer) {
  Reader in{octets};
  const Element type = take_element(in, "attribute type");
  const Element value = take_element(in, "attribute value");
  outer.require(!in.failed() && in.remaining() == 0 && type.tag == tag_oid && !type.content.empty(), "attribute");
  return {.type = {type.content.begin(), type.content.end()},
          .tag = value.tag,
          .value = std::string{as_text(value.content)}};
}

std::string oid_text(Bytes oid) {
  std::string text;
  std::uint64_t arc = 0;
  bool first = true;
  for (const std::uint8_t octet : oid) {
    arc = arc << 7 | (octet & 0x7f);
    if ((octet & 0x80) != 0) continue;
    if (first) {
      const std::uint64_t root = std::min<std::uint64_t>(arc / 40, 2);
      text = std::to_string(root) + "." + std::to_string(arc - root * 40);
      first = false;
    } else {
      text += "." + std::to_string(arc);
    }
    arc = 0;
  }
  return text;
}

/// RFC 4514 §2.4, and no octet that is not printable: names come from peers and go into logs.
std::string escaped(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char character = value[i];
    const auto octet = static_cast<unsigned char>(character);
    const bool at_edge = i == 0 || i + 1 == value.size();
    if (octet < 0x20 || octet == 0x7f) {
      const std::uint8_t octets[] = {octet};
      text += "\\" + to_hex(octets);
      continue;
    }
    if (std::string_view{",+\"\\<>;"}.contains(character) || (at_edge && character == ' ') ||
        (i == 0 && character == '#'))
      text += '\\';
    text += character;
  }
  return text;
}

/// What RFC 5280 §7.1 compares: case folded, blanks trimmed and inner runs of them made one.
std::string folded(std::string_view value) {
  std::string text;
  for (const char character : value) {
    if (character == ' ' || character == '\t') {
      if (!text.empty() && text.back() != ' ') text += ' ';
      continue;
    }
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

bool same_attribute(const NameAttribute& a, const NameAttribute& b) {
  return a.type == b.type && folded(a.value) == folded(b.value);
}

/// Reads `KEYWORD=value` pairs, most specific first.
class NameText {
 public:
  explicit NameText(std::string_view text) : text_{text} {}

  std::expected<DistinguishedName, ParseError> parse() {
    DistinguishedName name;
    if (text_.empty()) return fail("name");
    while (true) {
      auto rdn = parse_rdn();
      if (!rdn) return std::unexpected{rdn.error()};
      name.rdns.push_back(*std::move(rdn));
      if (name.rdns.size() > most_rdns) return fail("name");
      if (at_ == text_.size()) break;
      ++at_;  // the comma
    }
    std::ranges::reverse(name.rdns);  // DER has the least specific first
    return name;
  }

 private:
  std::unexpected<ParseError> fail(std::string_view field) const {
    return std::unexpected{ParseError{.field = field, .offset = at_}};
  }

  std::expected<std::vector<NameAttribute>, ParseError> parse_rdn() {
    std::vector<NameAttribute> rdn;
    while (true) {
      auto attribute = parse_pair();
      if (!attribute) return std::unexpected{attribute.error()};
      rdn.push_back(*std::move(attribute));
      if (rdn.size() > most_attributes_of_rdn) return fail("attributes of one RDN");
      if (at_ == text_.size() || text_[at_] == ',') return rdn;
      ++at_;  // the plus sign
    }
  }

  std::expected<NameAttribute, ParseError> parse_pair() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::size_t equals = text_.find('=', at_);
    if (equals == std::string_view::npos) return fail("attribute type");
    std::string_view keyword = text_.substr(at_, equals - at_);
    while (keyword.ends_with(' ')) keyword.remove_suffix(1);
    const AttributeType* type = find_keyword(keyword);
    if (type == nullptr) return fail("attribute type");
    at_ = equals + 1;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::size_t begin = at_;
    std::string value;
    std::size_t kept = 0;  // length up to which blanks are not trailing
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '+') {
      if (text_[at_] == '\\') {
        if (++at_ == text_.size()) return fail("escape");
        const auto octet = at_ + 1 < text_.size() ? parse_hex(text_.substr(at_, 2)) : std::nullopt;
        if (octet && octet->size() == 1) {
          value += static_cast<char>(octet->front());
          at_ += 2;
        } else {
          value += text_[at_++];
        }
        kept = value.size();
        continue;
      }
      value += text_[at_++];
      if (value.back() != ' ') kept = value.size();
    }
    value.resize(kept);
    if (value.empty()) {
      at_ = begin;
      return fail("attribute value");
    }
    return NameAttribute{.type = *parse_hex(type->oid), .tag = type->tag, .value = std::move(value)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<DistinguishedName, ParseError> DistinguishedName::parse_der(Bytes der) {
  Reader in{der};
  DistinguishedName name;
  const Element sequence = take_element(in, "name");
  in.require(sequence.tag == tag_sequence, "name");
  Reader rdns{sequence.content};
  while (!in.failed() && rdns.more()) {
    in.require(name.rdns.size() < most_rdns, "name");
    const Element set = take_element(rdns, "RDN");
    in.require(!rdns.failed() && set.tag == tag_set && !set.content.empty(), "RDN");
    Reader attributes{set.content};
    std::vector<NameAttribute> rdn;
    while (!in.failed() && attributes.more()) {
      in.require(rdn.size() < most_attributes_of_rdn, "RDN");
      const Element attribute = take_element(attributes, "attribute");
      in.require(!attributes.failed() && attribute.tag == tag_sequence, "attribute");
      if (!in.failed()) rdn.push_back(parse_attribute(attribute.content, in));
    }
    in.require(!attributes.failed(), "RDN");
    name.rdns.push_back(std::move(rdn));
  }
  in.require(!rdns.failed(), "RDN");
  return in.finish(std::move(name));
}

std::expected<DistinguishedName, ParseError> DistinguishedName::parse(std::string_view text) {
  return NameText{text}.parse();
}

ByteString DistinguishedName::to_der() const {
  Writer all;
  for (const auto& rdn : rdns) {
    Writer set;
    for (const NameAttribute& attribute : rdn) {
      Writer pair;
      write_element(pair, tag_oid, attribute.type);
      write_element(pair, attribute.tag, as_bytes(attribute.value));
      write_element(set, tag_sequence, pair.written());
    }
    write_element(all, tag_set, set.written());
  }
  Writer out;
  write_element(out, tag_sequence, all.written());
  return std::move(out).take();
}

std::string DistinguishedName::to_string() const {
  std::string text;
  for (auto rdn = rdns.rbegin(); rdn != rdns.rend(); ++rdn) {
    if (rdn != rdns.rbegin()) text += ",";
    for (std::size_t i = 0; i < rdn->size(); ++i) {
      const NameAttribute& attribute = (*rdn)[i];
      const std::string oid = to_hex(attribute.type);
      const auto type = std::ranges::find_if(attribute_types, [&](const auto& known) { return oid == known.oid; });
      text += (i == 0 ? "" : "+") +
              (type == attribute_types.end() ? oid_text(attribute.type) : std::string{type->keyword}) + "=" +
              escaped(attribute.value);
    }
  }
  return text;
}

bool DistinguishedName::matches(const DistinguishedName& other) const {
  return std::ranges::equal(rdns, other.rdns, [](const auto& a, const auto& b) {
    return a.size() == b.size() && std::ranges::all_of(a, [&](const NameAttribute& attribute) {
             return std::ranges::any_of(
                 b, [&](const NameAttribute& candidate) { return same_attribute(attribute, candidate); });
           });
  });
}

}  // namespace adit
