#pragma once
// From the network to the TUN device: ESP and AH out of the sockets' datagrams, SAs, the policy of each SA, merging;
// and IKE, which is handed on.

#include <array>
#include <memory>
#include <vector>

#include "base/time.h"
#include "stack/classifier.h"
#include "stack/decapsulator.h"
#include "stack/merging.h"
#include "stack/user/delivery.h"
#include "stack/user/ike_channel.h"
#include "stack/user/packet_notes.h"
#include "stack/user/tun_device.h"
#include "stack/user/wire_socket.h"

namespace adit::stack::user {

class InboundPath {
 public:
  InboundPath(Sad& sad, Classifier& classifier, DropCounters& drops, Delivery& delivery, PacketNotes& notes);

  /// One batch of the socket: packets to the TUN device, IKE datagrams to take_ike(). How many datagrams there were.
  std::size_t drain(WireSocket& socket, TunDevice& tun, Instant now);

  std::vector<IkeDatagram> take_ike() { return std::exchange(ike_, {}); }
  /// Peers that sent from elsewhere, one report a second each.
  std::vector<contract::PeerMoved> take_moves() { return std::exchange(moves_, {}); }
  std::uint64_t receives() const { return receives_; }
  std::uint64_t writes() const { return writes_; }

 private:
  /// Packets of a transport SA that came cut together are copied: leaving it writes an IP header before each.
  static constexpr std::size_t staging_size = 9216;

  void split(ReceivedDatagram& datagram, Wire wire);
  void add(const ReceivedDatagram& datagram, MutableBytes octets, contract::SaProtocol protocol,
           std::uint16_t local_port);
  void flush();
  bool may_come_in(const InboundPacket& packet, unsigned interface);
  void note_refused(const PacketSelectors& selectors, std::uint8_t security_class, std::size_t octets);
  void note_move(const InboundPacket& packet);

  Sad& sad_;
  Classifier& classifier_;
  DropCounters& drops_;
  Delivery& delivery_;
  PacketNotes& notes_;
  Decapsulator decapsulator_;
  Merger merger_;
  ReceiveSlots slots_;
  TunDevice* tun_ = nullptr;  // of the batch at hand
  Instant now_{};
  std::vector<IkeDatagram> ike_;
  std::vector<contract::PeerMoved> moves_;
  std::map<contract::ChildSaName, Instant> moves_told_;
  std::uint64_t receives_ = 0, writes_ = 0;

  std::size_t filled_ = 0;
  std::unique_ptr<std::uint8_t[]> staging_;
  std::array<PacketBuffer, largest_batch> buffers_;
  std::array<InboundPacket, largest_batch> packets_;
  std::array<unsigned, largest_batch> interfaces_;  // that each came in by
};

}  // namespace adit::stack::user
