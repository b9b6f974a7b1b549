#pragma once
// Takes values out of messages that came from outside, as base's Reader does with octets: it keeps the first failure
// and from then on yields values that harm nobody, so that a conversion reads straight down and asks once, at the end.

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip_address.h"

namespace adit::rpc {

/// A message does not hold what it must.
struct Malformed {
  std::string field;
  bool operator==(const Malformed&) const = default;
};

class Intake {
 public:
  /// Longest name, label or reason, in octets.
  static constexpr std::size_t longest_text = 4096;

  void require(bool holds, std::string_view field) {
    if (!holds && field_.empty()) field_ = field;
  }
  bool failed() const { return !field_.empty(); }

  template <std::unsigned_integral To>
  To number(std::uint64_t value, std::string_view field) {
    require(std::in_range<To>(value), field);
    return failed() ? To{} : static_cast<To>(value);
  }
  /// An enumerator: on the wire one more than in the domain type, so that 0, which an absent field yields, is none.
  template <class Domain>
  Domain choice(int value, Domain last, std::string_view field) {
    require(value >= 1 && value <= static_cast<int>(std::to_underlying(last)) + 1, field);
    return failed() ? Domain{} : static_cast<Domain>(value - 1);
  }
  /// A duration of at most ten years: beyond, arithmetic with instants could overflow.
  template <class Unit>
  Unit duration(std::uint64_t count, std::string_view field) {
    constexpr std::uint64_t most = std::uint64_t{10} * 366 * 86400;
    require(count <= most, field);
    const Unit unit{failed() ? 0 : static_cast<std::int64_t>(count)};
    require(unit <= std::chrono::seconds{most}, field);
    return failed() ? Unit{0} : unit;
  }
  /// A number that a table knows, or that a predicate accepts.
  template <class Id, class Known>
  Id known(std::uint64_t value, Known&& is_known, std::string_view field) {
    const auto id = static_cast<Id>(number<std::underlying_type_t<Id>>(value, field));
    require(!failed() && is_known(id), field);
    return failed() ? Id{} : id;
  }
  IpAddress address(const std::string& octets, std::string_view field);
  std::string text(const std::string& value, std::string_view field);
  ByteString octets(const std::string& value, std::size_t most, std::string_view field);
  /// Counts of repeated fields, before anything is made of them.
  void bounded(int count, std::size_t most, std::string_view field) {
    require(count >= 0 && static_cast<std::size_t>(count) <= most, field);
  }

  template <class T>
  std::expected<T, Malformed> finish(T value) {
    if (failed()) return std::unexpected{Malformed{field_}};
    return value;
  }

 private:
  std::string field_;
};

/// The enumerator of a message for one of a domain type.
template <class Wire, class Domain>
constexpr Wire choice(Domain value) {
  return static_cast<Wire>(static_cast<int>(std::to_underlying(value)) + 1);
}

inline std::string as_string(Bytes octets) { return std::string{as_text(octets)}; }

}  // namespace adit::rpc
