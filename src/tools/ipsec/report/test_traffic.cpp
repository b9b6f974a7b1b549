#include "tools/ipsec/report/test_traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace adit::tools::ipsec {
namespace {

using policy::Direction;
using policy::Mismatch;

constexpr std::uint8_t ospf = 89;
/// Of the rules passed over, those that are told: the nearest are the last.
constexpr std::size_t most_passed_over = 8;

std::optional<unsigned> number(const std::string& word, unsigned most) {
  unsigned value = 0;
  const char* end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc{} || stopped != end || value > most) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<std::uint8_t> protocol_of(const std::string& word) {
  constexpr struct {
    std::string_view name;
    std::uint8_t protocol;
  } names[] = {{"tcp", IpProtocol::tcp}, {"udp", IpProtocol::udp},  {"icmp", IpProtocol::icmp},
               {"esp", IpProtocol::esp}, {"ah", IpProtocol::ah},    {"icmpv6", IpProtocol::icmpv6},
               {"ospf", ospf},           {"igmp", std::uint8_t{2}}, {"mipv6", IpProtocol::mobility}};
  for (const auto& [name, protocol] : names) {
    if (lower(word) == name) return protocol;
  }
  const auto value = number(word, 255);
  return value ? std::optional{static_cast<std::uint8_t>(*value)} : std::nullopt;
}

/// The words after the protocol that belong to it: how many, and the most of each.
struct UpperWords {
  std::size_t count = 0;
  unsigned most = 0;
  const char* what = "";
};
UpperWords upper_words(std::uint8_t protocol) {
  if (protocol == IpProtocol::tcp || protocol == IpProtocol::udp) return {2, 65535, "source and destination port"};
  if (protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6) return {2, 255, "type and code"};
  if (protocol == ospf || protocol == IpProtocol::mobility) return {1, 255, "type"};
  return {};
}

std::string_view name_of(Mismatch mismatch) {
  switch (mismatch) {
    case Mismatch::direction:
      return "direction";
    case Mismatch::routing:
      return "routing";
    case Mismatch::source:
      return "source address";
    case Mismatch::destination:
      return "destination address";
    case Mismatch::protocol:
      return "protocol";
    case Mismatch::source_port:
      return "source port or type";
    case Mismatch::destination_port:
      return "destination port or type";
    case Mismatch::hidden_ports:
      return "ports, which a fragment does not show";
    case Mismatch::fragment:
      return "fragments only";
    case Mismatch::security_class:
      return "security class";
    case Mismatch::opens_connection:
      return "the connection is opened from the wrong side";
  }
  std::unreachable();
}

bool is_near(Mismatch mismatch) {
  return mismatch != Mismatch::direction && mismatch != Mismatch::source && mismatch != Mismatch::destination;
}

}  // namespace

std::expected<TestTraffic, std::string> TestTraffic::parse(const std::vector<std::string>& words) {
  if (words.size() < 3) return std::unexpected{"SOURCE DESTINATION PROTOCOL are needed"};
  TestTraffic traffic;
  const auto source = IpAddress::parse(words[0]), destination = IpAddress::parse(words[1]);
  if (!source) return std::unexpected{words[0] + " is no address"};
  if (!destination) return std::unexpected{words[1] + " is no address"};
  if (source->family() != destination->family()) return std::unexpected{"the addresses are of two families"};
  const auto protocol = protocol_of(words[2]);
  if (!protocol) return std::unexpected{words[2] + " is no protocol"};
  traffic.packet = {.source = *source, .destination = *destination, .protocol = *protocol};

  std::size_t next = 3;
  const bool is_fragment = std::ranges::find(words, "fragment") != words.end();
  const UpperWords upper = upper_words(*protocol);
  if (!is_fragment && upper.count > 0) {
    unsigned values[2] = {};
    for (std::size_t i = 0; i < upper.count; ++i, ++next) {
      const auto value = next < words.size() ? number(words[next], upper.most) : std::nullopt;
      if (!value) return std::unexpected{fmt::format("{} takes {}, 0 to {}", words[2], upper.what, upper.most)};
      values[i] = *value;
    }
    const bool has_ports = upper.most == 65535;
    traffic.packet.source_port = static_cast<std::uint16_t>(has_ports ? values[0] : values[0] << 8 | values[1]);
    traffic.packet.destination_port = has_ports ? static_cast<std::uint16_t>(values[1]) : traffic.packet.source_port;
  }
  traffic.packet.is_fragment = traffic.packet.ports_hidden = is_fragment;
  for (; next < words.size(); ++next) {
    const std::string word = lower(words[next]);
    const auto security_class = number(word, 255);
    if (word == "in") {
      traffic.direction = Direction::inbound;
    } else if (word == "out") {
      traffic.direction = Direction::outbound;
    } else if (word == "routed") {
      traffic.routed = true;
    } else if (security_class) {
      traffic.security_class = static_cast<std::uint8_t>(*security_class);
    } else if (word != "fragment") {
      return std::unexpected{words[next] + " is none of in, out, routed, fragment or a security class, 0 to 255"};
    }
  }
  return traffic;
}

std::string TestTraffic::to_string() const {
  std::string text = packet.to_string();
  if (direction) text += *direction == Direction::inbound ? ", inbound" : ", outbound";
  text += routed ? ", routed" : ", local";
  if (packet.is_fragment) text += ", fragment";
  if (security_class != 0) text += fmt::format(", security class {}", security_class);
  return text;
}

std::vector<policy::PacketPath> TestTraffic::paths() const {
  std::vector<policy::PacketPath> paths;
  for (const Direction one : {Direction::inbound, Direction::outbound}) {
    if (direction && *direction != one) continue;
    paths.push_back({.direction = one, .routed = routed, .security_class = security_class});
  }
  return paths;
}

Decision decide(const policy::FilterPolicy& policy, const TestTraffic& traffic, const policy::PacketPath& path) {
  Decision decision;
  decision.text = path.direction == Direction::inbound ? "inbound: " : "outbound: ";
  for (const policy::Filter& filter : policy.filters) {
    const auto reason = policy::mismatch(filter, traffic.packet, path);
    if (!reason) {
      const char* what = filter.action == policy::FilterAction::permit ? "permitted by"
                         : filter.action == policy::FilterAction::deny ? "denied by"
                                                                       : "protected by";
      decision.text += fmt::format("{} {} {}", what, filter.rule, filter.extension);
      return decision;
    }
    if (!is_near(*reason)) continue;
    if (decision.passed_over.size() == most_passed_over) decision.passed_over.erase(decision.passed_over.begin());
    decision.passed_over.push_back(fmt::format("{} {}: {}", filter.rule, filter.extension, name_of(*reason)));
  }
  decision.text += "denied, no rule matches";
  return decision;
}

}  // namespace adit::tools::ipsec
