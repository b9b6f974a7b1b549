#pragma once
// Published vectors under tests/vectors, and the keys in them.

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/narrow.h"
#include "crypto/signature.h"
#include "hex.h"

namespace adit::crypto {

using Json = nlohmann::json;

/// The member of a file that lists its tests or groups.
inline Json vectors(const std::string& path, const char* list = "tests") {
  std::ifstream file{std::string{ADIT_TEST_DATA} + "/vectors/" + path};
  if (!file) throw std::runtime_error{"no vectors at " + path};
  return Json::parse(file).at(list);
}

inline ByteString octets(const Json& test, const char* field) { return from_hex(test.at(field).get<std::string>()); }
inline std::string text(const Json& test, const char* field) { return test.at(field).get<std::string>(); }
inline Secret secret(const Json& test, const char* field) { return Secret{octets(test, field)}; }

/// Calls `check(group, test)` for each test of a Wycheproof file, with its number in the trace; returns how many.
template <class Check>
int for_each_wycheproof(const std::string& file, Check check) {
  int count = 0;
  for (const Json& group : vectors("wycheproof/" + file, "testGroups")) {
    for (const Json& test : group.at("tests")) {
      SCOPED_TRACE(file + " tcId " + std::to_string(test.at("tcId").get<int>()) + " " + test.value("comment", ""));
      check(group, test);
      ++count;
    }
  }
  return count;
}
inline bool is_valid(const Json& test) { return test.at("result") == "valid"; }
inline bool is_invalid(const Json& test) { return test.at("result") == "invalid"; }

/// A public key from SubjectPublicKeyInfo.
inline Key public_key(const ByteString& der) {
  const unsigned char* at = der.data();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, narrow<long>(der.size()));
  if (key == nullptr) throw std::runtime_error{"not a public key"};
  return Key{key, &EVP_PKEY_free};
}

}  // namespace adit::crypto
