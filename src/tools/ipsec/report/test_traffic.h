#pragma once
// The packet of `ipsec -t`, from its words, and how the rules of a policy take it.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "policy/match.h"

namespace adit::tools::ipsec {

struct TestTraffic {
  PacketSelectors packet;
  std::optional<policy::Direction> direction;  ///< absent: both
  bool routed = false;
  std::uint8_t security_class = 0;

  /// SOURCE DESTINATION PROTOCOL, then for TCP and UDP two ports, for ICMP and ICMPv6 type and code, for OSPF and MIPv6
  /// the type; then in any order in or out, routed, fragment, and a number: the security class. What is wrong is told.
  static std::expected<TestTraffic, std::string> parse(const std::vector<std::string>& words);
  /// The heading's line of it.
  std::string to_string() const;
  /// The paths that it stands for.
  std::vector<policy::PacketPath> paths() const;
};

/// How one search ends, in words: `outbound: permitted by web 1`, and then for each of the rules before which are of
/// the same addresses why it was passed over: `web 2: destination port`.
struct Decision {
  std::string text;
  std::vector<std::string> passed_over;
};
Decision decide(const policy::FilterPolicy& policy, const TestTraffic& traffic, const policy::PacketPath& path);

}  // namespace adit::tools::ipsec
