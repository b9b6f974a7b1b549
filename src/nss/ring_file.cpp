#include "nss/ring_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "nss/openssl_pointer.h"

namespace adit::nss {
namespace {

struct PemBlock {
  std::string kind;
  ByteString der;
};

bool looks_like_pem(Bytes octets) { return as_text(octets).find("-----BEGIN ") != std::string_view::npos; }

std::expected<std::vector<PemBlock>, std::string> parse_pem(Bytes octets) {
  const BioPointer in{BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size()))};
  std::vector<PemBlock> blocks;
  while (true) {
    char *kind = nullptr, *header = nullptr;
    unsigned char* der = nullptr;
    long size = 0;
    if (PEM_read_bio(in.get(), &kind, &header, &der, &size) != 1) break;
    blocks.push_back({.kind = kind, .der = ByteString(der, der + size)});
    OPENSSL_free(kind);
    OPENSSL_free(header);
    OPENSSL_free(der);
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_at_end) return std::unexpected{fmt::format("PEM block {} cannot be read", blocks.size() + 1)};
  return blocks;
}

template <class Object>
std::expected<std::vector<Object>, std::string> parse_objects(Bytes octets,
                                                              std::initializer_list<std::string_view> kinds) {
  std::vector<PemBlock> blocks;
  if (looks_like_pem(octets)) {
    auto parsed = parse_pem(octets);
    if (!parsed) return std::unexpected{parsed.error()};
    blocks = std::move(*parsed);
  } else {
    blocks.push_back({.kind = std::string{*kinds.begin()}, .der = ByteString(octets.begin(), octets.end())});
  }
  std::vector<Object> objects;
  for (const PemBlock& block : blocks) {
    if (std::ranges::find(kinds, block.kind) == kinds.end())
      return std::unexpected{fmt::format("holds a {}; expected {}", block.kind, *kinds.begin())};
    auto object = Object::parse_der(block.der);
    if (!object) return std::unexpected{object.error()};
    objects.push_back(std::move(*object));
  }
  if (objects.empty()) return std::unexpected{fmt::format("holds no {}", *kinds.begin())};
  return objects;
}

}  // namespace

std::expected<std::vector<Certificate>, std::string> parse_certificates(Bytes octets) {
  return parse_objects<Certificate>(octets, {PEM_STRING_X509, PEM_STRING_X509_OLD});
}

std::expected<std::vector<RevocationList>, std::string> parse_revocation_lists(Bytes octets) {
  return parse_objects<RevocationList>(octets, {PEM_STRING_X509_CRL});
}

}  // namespace adit::nss
