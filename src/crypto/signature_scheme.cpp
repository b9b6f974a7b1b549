#include "crypto/signature_scheme.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "crypto/der.h"

namespace adit::crypto {

namespace {

/// Content octets of an object identifier.
struct ObjectId {
  std::array<std::uint8_t, 9> octets;
  std::size_t size;
  Bytes bytes() const { return Bytes{octets}.first(size); }
  bool operator==(Bytes other) const { return std::ranges::equal(bytes(), other); }
};

/// One algorithm that is known by its object identifier and has no parameters of weight.
struct Row {
  ObjectId id;
  SignatureForm form;
  HashId hash;
};
constexpr std::array rows = {
    // PKCS #1, RFC 8017 appendix A.2.4: sha*WithRSAEncryption, with NULL for parameters
    Row{{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05}, 9}, SignatureForm::rsa_pkcs1, HashId::sha1},
    Row{{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}, 9}, SignatureForm::rsa_pkcs1, HashId::sha2_256},
    Row{{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c}, 9}, SignatureForm::rsa_pkcs1, HashId::sha2_384},
    Row{{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d}, 9}, SignatureForm::rsa_pkcs1, HashId::sha2_512},
    // RFC 5758 §3.2: ecdsa-with-*, without parameters
    Row{{{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01}, 7}, SignatureForm::ecdsa, HashId::sha1},
    Row{{{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}, 8}, SignatureForm::ecdsa, HashId::sha2_256},
    Row{{{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}, 8}, SignatureForm::ecdsa, HashId::sha2_384},
    Row{{{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}, 8}, SignatureForm::ecdsa, HashId::sha2_512},
    // RFC 8410 §3, without parameters
    Row{{{0x2b, 0x65, 0x70}, 3}, SignatureForm::ed25519, HashId::identity},
    Row{{{0x2b, 0x65, 0x71}, 3}, SignatureForm::ed448, HashId::identity},
};
constexpr ObjectId id_rsassa_pss{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}, 9};
constexpr ObjectId id_mgf1{{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08}, 9};

struct HashRow {
  ObjectId id;
  HashId hash;
  std::uint8_t size;  ///< octets of its output
};
constexpr std::array hash_rows = {
    HashRow{{{0x2b, 0x0e, 0x03, 0x02, 0x1a}, 5}, HashId::sha1, 20},
    HashRow{{{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, 9}, HashId::sha2_256, 32},
    HashRow{{{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}, 9}, HashId::sha2_384, 48},
    HashRow{{{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}, 9}, HashId::sha2_512, 64},
};

/// AlgorithmIdentifier of a hash, its NULL parameters there or not (RFC 4055 §2.1 accepts both).
std::optional<HashId> take_hash(DerReader& from) {
  DerReader algorithm{from.take(DerTag::sequence)};
  const Bytes id = algorithm.take(DerTag::object_identifier);
  const auto parameters = algorithm.take_if(DerTag::null);
  const auto row = std::ranges::find_if(hash_rows, [id](const HashRow& known) { return known.id == id; });
  if (!algorithm.ended_well() || (parameters && !parameters->empty()) || row == hash_rows.end()) from.fail();
  return from.failed() ? std::nullopt : std::optional{row->hash};
}

/// An element within an explicit tag, the only thing there.
template <class Take>
void take_explicit(DerReader& from, unsigned number, Take take) {
  const auto content = from.take_if(DerTag::explicit_context(number));
  if (!content) return;
  DerReader element{*content};
  take(element);
  if (!element.ended_well()) from.fail();
}

/// INTEGER from 0 to 127: no salt of the hashes above is longer than 64 octets, and 1 is the only trailer.
unsigned take_small_integer(DerReader& from) {
  const Bytes content = from.take(DerTag::integer);
  if (content.size() != 1 || content[0] > 0x7f) from.fail();
  return from.failed() ? 0 : content[0];
}

/// RSASSA-PSS-params (RFC 4055 §3.1): what is absent has its default.
std::expected<SignatureScheme, std::string> parse_pss(DerReader& algorithm) {
  DerReader parameters{algorithm.take(DerTag::sequence)};
  SignatureScheme scheme{.form = SignatureForm::rsa_pss, .hash = HashId::sha1, .mask_hash = HashId::sha1, .salt = 20};
  unsigned trailer = 1;
  take_explicit(parameters, 0, [&](DerReader& in) { scheme.hash = take_hash(in).value_or(HashId::sha1); });
  take_explicit(parameters, 1, [&](DerReader& in) {
    DerReader mask{in.take(DerTag::sequence)};
    const bool is_mgf1 = id_mgf1 == mask.take(DerTag::object_identifier);
    scheme.mask_hash = take_hash(mask).value_or(HashId::sha1);
    if (!is_mgf1 || !mask.ended_well()) in.fail();
  });
  take_explicit(parameters, 2, [&](DerReader& in) { scheme.salt = take_small_integer(in); });
  take_explicit(parameters, 3, [&](DerReader& in) { trailer = take_small_integer(in); });
  if (!algorithm.ended_well() || !parameters.ended_well() || trailer != 1)
    return std::unexpected{"the parameters of RSASSA-PSS are malformed or unknown"};
  return scheme;
}

ByteString element(std::uint8_t tag, std::initializer_list<Bytes> parts) {
  ByteString content = concatenated(parts);
  assert(content.size() < 0x80);
  const std::uint8_t header[] = {tag, static_cast<std::uint8_t>(content.size())};
  return concatenated({header, content});
}

ByteString object_id(const ObjectId& id) { return element(DerTag::object_identifier, {id.bytes()}); }

ByteString pss_identifier(const SignatureScheme& scheme) {
  const HashRow& hash = *std::ranges::find(hash_rows, scheme.hash, &HashRow::hash);
  assert(scheme.mask_hash == scheme.hash && scheme.salt == hash.size);
  const ByteString hash_algorithm = element(DerTag::sequence, {object_id(hash.id), element(DerTag::null, {})});
  const ByteString mask = element(DerTag::sequence, {object_id(id_mgf1), hash_algorithm});
  const std::uint8_t one = 1;
  // The trailer is a default, which DER leaves out, but RFC 7427 appendix A.4.3 prints it, and receivers may compare
  // octets (§3).
  const ByteString parameters =
      element(DerTag::sequence,
              {element(DerTag::explicit_context(0), {hash_algorithm}), element(DerTag::explicit_context(1), {mask}),
               element(DerTag::explicit_context(2), {element(DerTag::integer, {Bytes{&hash.size, 1}})}),
               element(DerTag::explicit_context(3), {element(DerTag::integer, {Bytes{&one, 1}})})});
  return element(DerTag::sequence, {object_id(id_rsassa_pss), parameters});
}

}  // namespace

std::expected<SignatureScheme, std::string> SignatureScheme::parse(Bytes algorithm_identifier) {
  DerReader whole{algorithm_identifier};
  DerReader algorithm{whole.take(DerTag::sequence)};
  const Bytes id = algorithm.take(DerTag::object_identifier);
  if (!whole.ended_well() || algorithm.failed()) return std::unexpected{"the AlgorithmIdentifier is malformed"};

  std::expected<SignatureScheme, std::string> scheme;
  if (id_rsassa_pss == id) {
    scheme = parse_pss(algorithm);
    if (!scheme) return scheme;
  } else {
    const auto row = std::ranges::find_if(rows, [id](const Row& known) { return known.id == id; });
    if (row == rows.end())
      return std::unexpected{"the signature algorithm with object identifier " + to_hex(id) + " is not known"};
    // RFC 8017 appendix A.2.4 wants NULL with RSA; RFC 5758 §3.2 and RFC 8410 §3 want nothing.
    if (row->form == SignatureForm::rsa_pkcs1 && !algorithm.take(DerTag::null).empty()) algorithm.fail();
    if (!algorithm.ended_well())
      return std::unexpected{"the AlgorithmIdentifier has parameters that it must not have, or lacks NULL"};
    scheme = SignatureScheme{.form = row->form, .hash = row->hash};
  }
  if (scheme->hash == HashId::sha1 || (scheme->form == SignatureForm::rsa_pss && scheme->mask_hash == HashId::sha1))
    return std::unexpected{"SHA-1 must not be used for a digital signature (RFC 8247 section 3.2)"};
  return scheme;
}

ByteString SignatureScheme::algorithm_identifier() const {
  assert(hash != HashId::sha1);
  if (form == SignatureForm::rsa_pss) return pss_identifier(*this);
  const auto row =
      std::ranges::find_if(rows, [this](const Row& known) { return known.form == form && known.hash == hash; });
  assert(row != rows.end());
  const ByteString parameters = form == SignatureForm::rsa_pkcs1 ? element(DerTag::null, {}) : ByteString{};
  return element(DerTag::sequence, {object_id(row->id), parameters});
}

std::expected<DigitalSignature, std::string> DigitalSignature::parse(Bytes auth_data) {
  if (auth_data.empty() || auth_data.size() - 1 <= auth_data[0])
    return std::unexpected{"the AUTH data ends before the signature"};
  return DigitalSignature{.algorithm_identifier = auth_data.subspan(1, auth_data[0]),
                          .signature = auth_data.subspan(std::size_t{1} + auth_data[0])};
}

}  // namespace adit::crypto
