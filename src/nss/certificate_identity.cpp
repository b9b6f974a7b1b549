#include "nss/certificate_identity.h"

#include <openssl/err.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/ip_address.h"
#include "nss/certificate_names.h"
#include "nss/openssl_pointer.h"

namespace adit::nss {
namespace {

// Entries of one subjectAltName that a message lists.
constexpr int most_names_listed = 16;

GeneralNamesPointer alternative_names(const Certificate& certificate) {
  GeneralNamesPointer names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.native(), NID_subject_alt_name, nullptr, nullptr))};
  ERR_clear_error();
  return names;
}

Bytes octets_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

char lowered(std::uint8_t octet) { return static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet); }

bool equal_without_case(Bytes a, Bytes b) { return std::ranges::equal(a, b, {}, lowered, lowered); }

// The octets before the last @ as they are, those after it without case (RFC 5280 §7.5).
bool equal_mailboxes(Bytes a, Bytes b) {
  const auto local_size = [](Bytes mailbox) { return as_text(mailbox).rfind('@'); };
  const std::size_t local = local_size(a);
  if (local == std::string_view::npos || local != local_size(b)) return false;
  return std::ranges::equal(a.first(local), b.first(local)) && equal_without_case(a.subspan(local), b.subspan(local));
}

// A domain name is compared without case and without its trailing root dot.
bool equal_domains(Bytes a, Bytes b) {
  const auto trimmed = [](Bytes name) {
    return !name.empty() && name.back() == '.' ? name.first(name.size() - 1) : name;
  };
  return !trimmed(a).empty() && equal_without_case(trimmed(a), trimmed(b));
}

NamePointer parse_name(Bytes der) {
  const unsigned char* at = der.data();
  NamePointer name{d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size()))};
  ERR_clear_error();
  if (name && at != der.data() + der.size()) name.reset();
  return name;
}

GeneralNamePointer parse_general_name(Bytes der) {
  const unsigned char* at = der.data();
  GeneralNamePointer name{d2i_GENERAL_NAME(nullptr, &at, static_cast<long>(der.size()))};
  ERR_clear_error();
  if (name && at != der.data() + der.size()) name.reset();
  return name;
}

template <class Fits>
bool any_alternative_name(const Certificate& certificate, int type, Fits fits) {
  const GeneralNamesPointer names = alternative_names(certificate);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == type && fits(*name)) return true;
  }
  return false;
}

bool has_address(const Certificate& certificate, Bytes address) {
  return any_alternative_name(certificate, GEN_IPADD, [&](const GENERAL_NAME& name) {
    return std::ranges::equal(octets_of(name.d.iPAddress), address);
  });
}

bool has_domain(const Certificate& certificate, Bytes domain) {
  return any_alternative_name(
      certificate, GEN_DNS, [&](const GENERAL_NAME& name) { return equal_domains(octets_of(name.d.dNSName), domain); });
}

bool has_mailbox(const Certificate& certificate, Bytes mailbox) {
  return any_alternative_name(certificate, GEN_EMAIL, [&](const GENERAL_NAME& name) {
    return equal_mailboxes(octets_of(name.d.rfc822Name), mailbox);
  });
}

bool has_directory_name(const Certificate& certificate, const X509_NAME* wanted) {
  const X509_NAME* subject = X509_get_subject_name(certificate.native());
  // An empty name would equal the empty subject of every certificate that has its names in subjectAltName alone.
  if (X509_NAME_entry_count(wanted) == 0) return false;
  if (X509_NAME_cmp(subject, wanted) == 0) return true;
  if (X509_NAME_entry_count(subject) != 0) return false;
  return any_alternative_name(certificate, GEN_DIRNAME, [&](const GENERAL_NAME& name) {
    return X509_NAME_cmp(name.d.directoryName, wanted) == 0;
  });
}

bool has_general_name(const Certificate& certificate, GENERAL_NAME* wanted) {
  return any_alternative_name(certificate, wanted->type, [&](GENERAL_NAME& name) {
    if (wanted->type == GEN_DNS) return equal_domains(octets_of(name.d.dNSName), octets_of(wanted->d.dNSName));
    if (wanted->type == GEN_EMAIL)
      return equal_mailboxes(octets_of(name.d.rfc822Name), octets_of(wanted->d.rfc822Name));
    return GENERAL_NAME_cmp(&name, wanted) == 0;
  });
}

/// RFC 7296 §4 wants certificates accepted for an ID_KEY_ID and does not say how: the one octet string in a certificate
/// that names a key is its subjectKeyIdentifier (RFC 5280 §4.2.1.2).
bool has_key_id(const Certificate& certificate, Bytes wanted) {
  const ASN1_OCTET_STRING* key_id = X509_get0_subject_key_id(certificate.native());
  return key_id != nullptr && !wanted.empty() && std::ranges::equal(octets_of(key_id), wanted);
}

std::string text_of_name(const GENERAL_NAME& name) {
  const auto printable = [](const ASN1_STRING* string) {
    std::string text;
    const Bytes octets = octets_of(string);
    for (const std::uint8_t octet : octets.first(std::min(octets.size(), longest_name)))
      text +=
          octet >= 0x20 && octet < 0x7f ? std::string(1, static_cast<char>(octet)) : fmt::format("\\x{:02x}", octet);
    return text;
  };
  switch (name.type) {
    case GEN_DNS:
      return "DNS:" + printable(name.d.dNSName);
    case GEN_EMAIL:
      return "email:" + printable(name.d.rfc822Name);
    case GEN_DIRNAME:
      return "DirName:" + nss::text_of(name.d.directoryName);
    case GEN_IPADD:
      if (const auto address = IpAddress::from_octets(octets_of(name.d.iPAddress))) return "IP:" + address->to_string();
      return "IP:malformed";
    default:
      return "another kind of name";
  }
}

}  // namespace

std::expected<void, std::string> carries(const Certificate& certificate, const Identity& identity) {
  const Bytes value = identity.value;
  const auto told = [&](bool is_there, std::string_view place) -> std::expected<void, std::string> {
    if (is_there) return {};
    return std::unexpected{fmt::format("{} {} is not its {}; it has {}", name_of(identity.type), identity.to_string(),
                                       place, identities_of(certificate))};
  };
  switch (identity.type) {
    case IdentityType::ipv4_addr:
      return told(value.size() == 4 && has_address(certificate, value), "subjectAltName iPAddress");
    case IdentityType::ipv6_addr:
      return told(value.size() == 16 && has_address(certificate, value), "subjectAltName iPAddress");
    case IdentityType::fqdn:
      return told(has_domain(certificate, value), "subjectAltName dNSName");
    case IdentityType::user_fqdn:
      return told(has_mailbox(certificate, value), "subjectAltName rfc822Name");
    case IdentityType::der_asn1_dn: {
      const NamePointer name = parse_name(value);
      return told(name && has_directory_name(certificate, name.get()), "subject");
    }
    case IdentityType::der_asn1_gn: {
      const GeneralNamePointer name = parse_general_name(value);
      return told(name && has_general_name(certificate, name.get()), "subjectAltName entry");
    }
    case IdentityType::key_id:
      return told(has_key_id(certificate, value), "subjectKeyIdentifier");
  }
  return std::unexpected{fmt::format("identity type {} is not known", static_cast<unsigned>(identity.type))};
}

std::string identities_of(const Certificate& certificate) {
  std::string text = certificate.subject();
  const GeneralNamesPointer names = alternative_names(certificate);
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < std::min(count, most_names_listed); ++i)
    text += "; " + text_of_name(*sk_GENERAL_NAME_value(names.get(), i));
  if (count > most_names_listed) text += fmt::format("; {} more", count - most_names_listed);
  return text;
}

}  // namespace adit::nss
