#pragma once
// The Child SAs of one stack as the data plane holds them (RFC 4301 §4.4.2.1): one SA a direction, in pairs. What each
// packet touches stands first, on a cache line of its own.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "contract/child_sa.h"
#include "crypto/packet_cipher.h"
#include "stack/anti_replay.h"
#include "stack/grouped_jobs.h"

namespace adit::stack {

struct ChildSa;

inline constexpr std::size_t cache_line = 64;
/// That many numbers before the last one a sequence counter asks for a rekey: two minutes at 8 million packets a
/// second.
inline constexpr std::uint64_t sequence_reserve = std::uint64_t{1} << 30;

/// Whether packets may leave on a pair. It receives in every state.
enum class Sending : std::uint8_t {
  begun,
  awaits_peer,  ///< until the peer has sent on it, or no other pair of its tunnel sends (RFC 7296 §2.8)
  awaits_word,  ///< until iked says so or the peer has sent on it, whatever else there is (RFC 2409 §5.5)
  retired       ///< superseded (RFC 7296 §2.8.1): the tunnel's other pairs send
};

/// What an SA makes of a packet. AH around ESP is two SAs each way, of one pair (RFC 2401 §4.3: transport adjacency,
/// at the security endpoints).
enum class SaForm : std::uint8_t { esp, ah, esp_within_ah, ah_around_esp };
constexpr bool is_ah(SaForm form) { return form == SaForm::ah || form == SaForm::ah_around_esp; }

/// How much an SA may carry (RFC 4301 §4.4.2.1): the first limit asks iked for a rekey, the second ends the pair.
struct OctetLimits {
  std::uint64_t soft = UINT64_MAX;
  std::uint64_t hard = UINT64_MAX;
};

struct alignas(cache_line) OutboundSa {
  std::uint64_t sequence = 0;  ///< the last one sent
  std::uint64_t last_sequence = UINT32_MAX;
  std::uint64_t packets = 0, octets = 0;  ///< octets of the packets protected, before ESP or AH
  OctetLimits limits;
  crypto::PacketCipher* cipher = nullptr;
  std::uint32_t spi = 0;           ///< the peer chose it
  std::uint16_t group = no_group;  ///< of the batch that is being made
  std::uint8_t iv_size = 0, icv_size = 0, alignment = 4;
  SaForm form = SaForm::esp;
  std::uint8_t ah_size = 0;  ///< of the whole header that its packets leave with; 0: none
  bool extended = false;
  bool is_tunnel = true;
  bool copy_dscp = true;
  contract::DfPolicy df = contract::DfPolicy::copy;
  bool is_udp = false;
  bool is_local_any = false, is_remote_any = false;  ///< the packet's own address stands there
  /// Whether AH stands outside of what leaves.
  bool leaves_in_ah() const { return form != SaForm::esp; }

  Endpoint local, remote;  ///< outer addresses; ports of UDP encapsulation, else 0
  ChildSa* pair = nullptr;
  std::unique_ptr<crypto::PacketCipher> owned_cipher;
};

struct alignas(cache_line) InboundSa {
  explicit InboundSa(AntiReplayWindow::Numbers numbers) : window{numbers} {}

  std::uint64_t packets = 0, octets = 0;  ///< octets of the packets that came out
  OctetLimits limits;
  crypto::PacketCipher* cipher = nullptr;
  std::uint32_t spi = 0;           ///< we chose it
  std::uint16_t group = no_group;  ///< of the batch that is being opened
  std::uint8_t iv_size = 0, icv_size = 0, alignment = 4;
  SaForm form = SaForm::esp;
  bool is_tunnel = true;
  Sending sending = Sending::begun;  ///< of the pair; here, because every packet that comes in asks

  AntiReplayWindow window;
  std::uint64_t replayed = 0, not_authentic = 0;
  std::optional<Instant> last_packet;  ///< authentic
  Endpoint remote;                     ///< where packets came from when the SA was made, or since move_peer
  ChildSa* pair = nullptr;
  std::unique_ptr<crypto::PacketCipher> owned_cipher;
};

/// AH's SAs of a pair whose ESP they stand around. Each has its own sequence numbers and window; limits, ends and
/// whether it sends are those of the ESP, which counts what was carried.
struct AroundEspSas {
  explicit AroundEspSas(AntiReplayWindow::Numbers numbers) : inbound{numbers} {}
  OutboundSa outbound;
  InboundSa inbound;
};

/// A pair, as iked or the stack itself installed it. It does not move while it is in the Sad.
struct ChildSa {
  /// Why it cannot be: algorithms that are not there, keys of a wrong size, endpoints of two families.
  static std::expected<std::unique_ptr<ChildSa>, std::string> make(const contract::InstallChildSa& install,
                                                                   Instant now);

  contract::ChildSaName name;
  IkeTunnelId parent;
  contract::SaProtocol protocol = contract::SaProtocol::esp;
  contract::EncapsulationMode mode{};
  TrafficSelectors local_ts, remote_ts;
  std::string filter_rule;  ///< of a dynamic pair
  std::string vpn_action;
  Instant installed;
  std::optional<Instant> expires;
  bool soft_reported = false;
  OutboundSa outbound;
  InboundSa inbound;
  std::unique_ptr<AroundEspSas> around;  ///< null: no bundle

  explicit ChildSa(AntiReplayWindow::Numbers numbers) : inbound{numbers} {}
  ChildSa(const ChildSa&) = delete;
  ChildSa& operator=(const ChildSa&) = delete;

  /// Whether it carries a packet that leaves, and whether one that came in is what it was negotiated for.
  bool carries(const PacketSelectors& outbound_packet) const;
  bool may_have_carried(const PacketSelectors& inbound_packet) const;
  bool soft_limit_reached() const;
  bool hard_limit_reached(Instant now) const;
};

}  // namespace adit::stack
