#pragma once
// The Configuration payload (RFC 7296 §3.15). No attribute means anything here, the old number 5 (§1.7) included.

#include <expected>
#include <vector>

#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

inline constexpr std::size_t most_configuration_attributes = 128;

struct ConfigurationAttribute {
  std::uint16_t type = 0;
  ByteString value;
  bool operator==(const ConfigurationAttribute&) const = default;
};

struct Configuration {
  std::uint8_t type = 0;  ///< 1 request, 2 reply, 3 set, 4 ack
  std::vector<ConfigurationAttribute> attributes;

  static std::expected<Configuration, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Configuration&) const = default;
};

}  // namespace adit::ike::wire
