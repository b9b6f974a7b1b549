#pragma once
// Octets that must not outlive their use nor reach a log: keys, pre-shared keys, shared secrets. A Secret wipes itself
// (RFC 7296 §2.12); it has no output operator and yields its octets only to reveal(), so that every use can be found by
// that word.

#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace adit {

class SecretView;

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : octets_(size) {}
  explicit Secret(Bytes octets) : octets_(octets.begin(), octets.end()) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
  Secret& operator=(const Secret& other) {
    if (this != &other) *this = Secret{other};
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    octets_ = std::exchange(other.octets_, {});
    return *this;
  }
  ~Secret() { wipe(); }

  Bytes reveal() const { return octets_; }
  MutableBytes reveal_to_fill() { return octets_; }
  std::size_t size() const { return octets_.size(); }
  bool empty() const { return octets_.empty(); }

 private:
  void wipe() {
    if (!octets_.empty()) explicit_bzero(octets_.data(), octets_.size());
  }

  ByteString octets_;
};

/// Borrows a Secret, or part of one.
class SecretView {
 public:
  SecretView() = default;
  SecretView(const Secret& secret) : octets_{secret.reveal()} {}  // NOLINT(google-explicit-constructor): a view of it
  explicit SecretView(Bytes octets) : octets_{octets} {}

  Bytes reveal() const { return octets_; }
  std::size_t size() const { return octets_.size(); }
  SecretView part(std::size_t offset, std::size_t size) const { return SecretView{octets_.subspan(offset, size)}; }

 private:
  Bytes octets_;
};

inline bool operator==(SecretView a, SecretView b) { return equal_in_constant_time(a.reveal(), b.reveal()); }

}  // namespace adit
