// Distinguished names as people write them: RFC 4514 §2 and §3, with blanks around the separators allowed.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/distinguished_name.h"
#include "base/writer.h"

namespace adit {
namespace {

constexpr std::uint8_t tag_utf8 = 0x0c, tag_printable = 0x13, tag_ia5 = 0x16;

struct TypeRow {
  std::string_view keyword;
  std::string_view type;        // the object identifier's content octets, in hexadecimal
  std::uint8_t tag = tag_utf8;  // how a value is encoded (RFC 5280 §4.1.2.4, appendix A.1)
};
// The first row of a type is how it is printed; the others are read as well.
constexpr std::array type_rows = {
    TypeRow{"CN", "550403"},
    TypeRow{"SN", "550404"},
    TypeRow{"SERIALNUMBER", "550405", tag_printable},
    TypeRow{"C", "550406", tag_printable},
    TypeRow{"L", "550407"},
    TypeRow{"ST", "550408"},
    TypeRow{"S", "550408"},
    TypeRow{"SP", "550408"},
    TypeRow{"STREET", "550409"},
    TypeRow{"O", "55040a"},
    TypeRow{"OU", "55040b"},
    TypeRow{"T", "55040c"},
    TypeRow{"TITLE", "55040c"},
    TypeRow{"POSTALCODE", "550411"},
    TypeRow{"NAME", "550429"},
    TypeRow{"GN", "55042a"},
    TypeRow{"INITIALS", "55042b"},
    TypeRow{"GENERATION", "55042c"},
    TypeRow{"DNQ", "55042e", tag_printable},
    TypeRow{"EMAIL", "2a864886f70d010901", tag_ia5},
    TypeRow{"E", "2a864886f70d010901", tag_ia5},
    TypeRow{"MAIL", "2a864886f70d010901", tag_ia5},
    TypeRow{"EMAILADDRESS", "2a864886f70d010901", tag_ia5},
    TypeRow{"UID", "0992268993f22c640101"},
    TypeRow{"DC", "0992268993f22c640119", tag_ia5},
};

constexpr std::size_t most_name_text = 8192;  // characters: its DER fits an ID payload

constexpr std::string_view special = ",+\"\\;<>=";

std::string upper(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

/// The content octets of an object identifier in dotted form; nothing when it is none.
std::optional<ByteString> parse_dotted(std::string_view text) {
  std::vector<std::uint64_t> arcs;
  while (true) {
    const std::string_view arc = text.substr(0, text.find('.'));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(arc.data(), arc.data() + arc.size(), number);
    if (error != std::errc{} || end != arc.data() + arc.size()) return std::nullopt;
    arcs.push_back(number);
    if (arc.size() == text.size()) break;
    text.remove_prefix(arc.size() + 1);
  }
  if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) return std::nullopt;
  arcs[1] += 40 * arcs[0];
  ByteString octets;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    ByteString reversed{static_cast<std::uint8_t>(arcs[i] & 0x7f)};
    for (std::uint64_t rest = arcs[i] >> 7; rest != 0; rest >>= 7) {
      reversed.push_back(static_cast<std::uint8_t>(0x80 | (rest & 0x7f)));
    }
    octets.insert(octets.end(), reversed.rbegin(), reversed.rend());
  }
  return octets;
}

/// The dotted form; nothing when an arc does not fit 64 bits.
std::optional<std::string> dotted(Bytes type) {
  std::string text;
  std::uint64_t arc = 0;
  for (const std::uint8_t octet : type) {
    if (arc > UINT64_MAX >> 7) return std::nullopt;
    arc = arc << 7 | (octet & 0x7f);
    if ((octet & 0x80) != 0) continue;
    if (text.empty()) {
      const std::uint64_t first = std::min<std::uint64_t>(arc / 40, 2);
      text = fmt::format("{}.{}", first, arc - 40 * first);
    } else {
      text += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return text;
}

/// Reads `TYPE=value` pairs; `at` stands before the next character.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : text_{text} {}

  bool at_end() const { return at_ == text_.size(); }
  std::size_t at() const { return at_; }
  char next() { return text_[at_++]; }
  void skip_blanks() {
    while (!at_end() && text_[at_] == ' ') ++at_;
  }

  std::expected<NameAttribute, ParseError> attribute() {
    skip_blanks();
    const std::size_t equals = text_.find('=', at_);
    if (equals == std::string_view::npos) return fail("attribute type");
    std::string_view keyword = text_.substr(at_, equals - at_);
    while (keyword.ends_with(' ')) keyword.remove_suffix(1);
    NameAttribute attribute{.type = {}, .tag = tag_utf8, .value = {}};
    const auto row = std::ranges::find(type_rows, upper(keyword), &TypeRow::keyword);
    if (row != type_rows.end()) {
      attribute.type = *parse_hex(row->type);
      attribute.tag = row->tag;
    } else if (auto type = parse_dotted(keyword)) {
      attribute.type = *std::move(type);
    } else {
      return fail("attribute type");
    }
    at_ = equals + 1;
    skip_blanks();
    if (!at_end() && text_[at_] == '#') return encoded(std::move(attribute));
    auto value = unescaped();
    if (!value) return std::unexpected{value.error()};
    attribute.value = *std::move(value);
    return attribute;
  }

 private:
  std::unexpected<ParseError> fail(std::string_view field) const {
    return std::unexpected{ParseError{.field = field, .offset = at_}};
  }

  /// `#` and the value's DER in hexadecimal (RFC 4514 §2.4); a value of at most 127 octets.
  std::expected<NameAttribute, ParseError> encoded(NameAttribute attribute) {
    const std::size_t end = std::min(text_.find_first_of(",+", at_), text_.size());
    const auto der = parse_hex(text_.substr(at_ + 1, end - at_ - 1));
    if (!der || der->size() < 2 || (*der)[1] >= 0x80 || (*der)[1] != der->size() - 2) return fail("attribute value");
    attribute.tag = (*der)[0];
    attribute.value = as_text(Bytes{*der}.subspan(2));
    at_ = end;
    return attribute;
  }

  /// Up to the next separator, escapes taken out, blanks at the end cut off.
  std::expected<std::string, ParseError> unescaped() {
    const std::size_t start = at_;
    std::string value;
    std::size_t kept = 0;  // length up to which blanks at the end are meant
    while (!at_end() && text_[at_] != ',' && text_[at_] != '+') {
      const char c = text_[at_];
      if (c == '"' || c == ';') return fail("escape");  // RFC 4514 §2.4 wants one here
      ++at_;
      if (c != '\\') {
        value += c;
        if (c != ' ') kept = value.size();
        continue;
      }
      if (at_end()) return fail("escape");
      if (special.find(text_[at_]) != std::string_view::npos || text_[at_] == ' ' || text_[at_] == '#') {
        value += text_[at_++];
      } else if (const auto octet = parse_hex(text_.substr(at_, 2)); octet && octet->size() == 1) {
        value += static_cast<char>(octet->front());
        at_ += 2;
      } else {
        return fail("escape");
      }
      kept = value.size();
    }
    value.resize(kept);
    if (value.empty()) return std::unexpected{ParseError{.field = "attribute value", .offset = start}};
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Nothing but printable ASCII passes: names come from peers and go into logs.
std::string escaped(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool is_edge_blank = c == ' ' && (i == 0 || i + 1 == value.size());
    if (const auto octet = static_cast<unsigned char>(c); octet < 0x20 || octet >= 0x7f) {
      text += fmt::format("\\{:02x}", octet);
      continue;
    }
    if (special.substr(0, special.size() - 1).find(c) != std::string_view::npos || is_edge_blank ||
        (i == 0 && c == '#'))
      text += '\\';
    text += c;
  }
  return text;
}

std::string text_of(const NameAttribute& attribute) {
  const auto row = std::ranges::find(type_rows, to_hex(attribute.type), &TypeRow::type);
  std::string keyword;
  if (row != type_rows.end()) {
    keyword = row->keyword;
  } else {
    keyword = dotted(attribute.type).value_or("0x" + to_hex(attribute.type));
  }
  if (const auto value = attribute.text(); value && !value->empty()) return keyword + "=" + escaped(*value);
  Writer der;
  der.u8(attribute.tag);
  der.u8(static_cast<std::uint8_t>(std::min<std::size_t>(attribute.value.size(), 0x7f)));
  der.bytes(as_bytes(attribute.value).first(std::min<std::size_t>(attribute.value.size(), 0x7f)));
  return keyword + "=#" + to_hex(der.written());
}

}  // namespace

std::expected<DistinguishedName, ParseError> DistinguishedName::parse(std::string_view text) {
  if (text.empty()) return std::unexpected{ParseError{.field = "name", .offset = 0}};
  if (text.size() > most_name_text) return std::unexpected{ParseError{.field = "name", .offset = most_name_text}};
  TextReader in{text};
  DistinguishedName name;
  std::vector<NameAttribute> rdn;
  while (true) {
    const std::size_t start = in.at();
    auto attribute = in.attribute();
    if (!attribute) return std::unexpected{attribute.error()};
    rdn.push_back(*std::move(attribute));
    in.skip_blanks();
    const bool is_last = in.at_end();
    const bool ends_rdn = is_last || in.next() == ',';
    if (rdn.size() > most_attributes_of_rdn) {
      return std::unexpected{ParseError{.field = "attributes", .offset = start}};
    }
    if (!ends_rdn) continue;
    if (name.rdns.size() == most_rdns) return std::unexpected{ParseError{.field = "RDNs", .offset = start}};
    // DER sorts the members of a set (X.690 §11.6).
    std::ranges::sort(rdn, {}, [](const NameAttribute& member) { return DistinguishedName{{{member}}}.to_der(); });
    name.rdns.insert(name.rdns.begin(), std::exchange(rdn, {}));
    if (is_last) return name;
  }
}

std::string DistinguishedName::to_string() const {
  std::string text;
  for (auto rdn = rdns.rbegin(); rdn != rdns.rend(); ++rdn) {
    for (std::size_t i = 0; i < rdn->size(); ++i) {
      if (!text.empty()) text += i == 0 ? "," : "+";
      text += text_of((*rdn)[i]);
    }
  }
  return text;
}

}  // namespace adit
