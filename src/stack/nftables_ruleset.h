#pragma once
// A policy as the text of one nftables transaction: table inet adit, in which the first rule that matches a packet
// decides as policy::first_match() would. Text only: the shell hands it to libnftables.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"
#include "stack/packet_buffer.h"

namespace adit::stack {

/// What passes while no policy has been installed and no filters of an earlier run stand, beside loopback and IPv6
/// neighbour discovery.
enum class UntilPolicy : std::uint8_t { deny, permit };

/// What a start finds of a table that an earlier run has left. As `closed` it stays in force until the policy comes.
enum class Leaves : std::uint8_t { closed, open };

struct RulesetOptions {
  std::string tun_name = "adit0";
  std::string routed_tun_name = "adit0r";  ///< of the device for what is forwarded
  unsigned mtu = default_mtu;  ///< of the TUN device: bounds the MSS of TCP connections through it (RFC 9293 §3.7.1)
  /// On a packet of this host that an IpSec rule sends to the TUN device; on a forwarded one, which goes to the other;
  /// and on what the data plane itself sends.
  std::uint32_t tunnel_mark = 0xad170001;
  std::uint32_t routed_mark = 0xad170003;
  std::uint32_t own_mark = 0xad170002;
  /// Who the data plane runs as: another table may have taken the mark off its packets (CONNMARK) by the time that the
  /// rules see them.
  std::uint32_t own_user = 0;
  std::uint32_t refused_mark = 0xad170004;               ///< on what the data plane gives back to be rejected
  std::map<std::string, std::uint8_t> security_classes;  ///< of interfaces by name; 0 where not listed
  Leaves leaves = Leaves::closed;  ///< open: a start does not keep them; they permit unasked, or depend on the time
};

/// Packets are decided about when the other tables have had their say: behind address translation (-100) and whatever
/// sets marks (-150), on the way to routing and on the way out of this host.
inline constexpr int after_address_translation = -90, after_other_tables = 150;

/// The chain, empty and never jumped to, by which a start knows a table that is closed.
inline constexpr const char* closed_mark = "closed";

/// The transaction that replaces whatever table inet adit held before. What filter number n (from 0, in the order of
/// policy.filter.filters) has matched, the counter f<n> counts, or elements of the maps m0, m1, … with the comment
/// f<n>.
std::string ruleset_for(const policy::PolicySnapshot& policy, const RulesetOptions& options);
/// The transaction that replaces the table by one that lets nothing pass but loopback and IPv6 neighbour discovery.
std::string ruleset_of_denial(const RulesetOptions& options);
/// Removes the table, and succeeds when there is none.
std::string ruleset_removed();

/// The netlink log group (NFLOG) that packets to be logged go to. Its prefix is the search and the decision: `local_in
/// deny`; which filter it was, the reader finds by the policy (filter_log.h).
inline constexpr std::uint16_t log_group = 0xad17;
inline constexpr unsigned logged_octets = 128;  ///< of a packet: its headers
/// For each kind of rule and direction: a flood must not become a flood of messages.
inline constexpr unsigned most_logged_a_second = 100;
struct LogPrefix {
  static constexpr std::string_view permit = "permit", deny = "deny", implicit_deny = "implicit";
  static constexpr std::string_view no_tunnel =
      "no tunnel";                                          ///< an IpSec rule, and the packet came or would go in clear
  static constexpr std::string_view mismatch = "mismatch";  ///< a rule for clear text, and the packet came out of an SA
};

}  // namespace adit::stack
