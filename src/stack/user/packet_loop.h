#pragma once
// The one thread that moves packets. It owns the SAs, the device and the sockets; whoever wants something of it puts a
// command into its mailbox, and what it has to say goes into another.

#include <functional>
#include <optional>
#include <thread>

#include "stack/moderation.h"
#include "stack/user/data_plane.h"
#include "stack/user/inbound_path.h"
#include "stack/user/mailbox.h"
#include "stack/user/outbound_path.h"

namespace adit::stack::user {

class PacketLoop;
/// Runs on the loop's thread, between batches.
using Command = std::move_only_function<void(PacketLoop&)>;
/// Runs on the thread of the callbacks.
using Report = std::move_only_function<void()>;

class PacketLoop {
 public:
  struct Parts {
    StackName stack;
    unsigned mtu = default_mtu;
    TunDevice tun, routed_tun;
    WireSockets sockets;
    Delivery delivery;
    Refusals refusals;
    std::optional<IkeListener> ike;
  };
  PacketLoop(Parts parts, Mailbox<Report>& reports, const DataPlane::EventCallback& on_event);
  ~PacketLoop();
  PacketLoop(const PacketLoop&) = delete;
  PacketLoop& operator=(const PacketLoop&) = delete;

  std::expected<void, SystemFailure> start();
  /// Any thread; commands run in the order given.
  void put(Command command) { commands_.put(std::move(command)); }
  void stop();

  // For commands, on the loop's thread.
  void install(const contract::InstallChildSa& pair, const std::function<void(contract::InstallResult)>& done);
  void remove(const contract::RemoveChildSa& pair) { sad_.remove(pair.name); }
  void retire(const contract::RetireChildSa& pair) { sad_.retire(pair.name); }
  void begin_sending(const contract::BeginSending& pair) { sad_.begin_sending(pair.name); }
  void move_peer(const contract::ChildSaName& name, const Endpoint& to) { sad_.move_peer(name, to); }
  /// @return the one before
  std::shared_ptr<const policy::FilterIndex> set_policy(std::shared_ptr<const policy::FilterIndex> policy) {
    return classifier_.set_policy(std::move(policy));
  }
  std::vector<contract::ChildSaCounters> all_counters() const { return sad_.all_counters(now_); }
  std::optional<contract::ChildSaCounters> counters(const contract::ChildSaName& name) const {
    return sad_.counters(name, now_);
  }
  DataPlaneCounters counters() const;
  void report(Report report) { reports_.put(std::move(report)); }

 private:
  std::expected<void, SystemFailure> watch(int fd);
  void run(const std::stop_token& stopped);
  void serve(int fd);
  void run_commands();
  void accept_iked();
  void serve_iked();
  void drop_iked();
  void hand_over_ike();
  void send_ike(std::span<const IkeDatagram> datagrams);
  void tell(Event event);
  void heed_path();
  void tell_what_happened();
  void every_second();

  Parts parts_;
  Mailbox<Report>& reports_;
  const DataPlane::EventCallback& on_event_;
  Mailbox<Command> commands_;
  FileDescriptor epoll_, timer_;
  std::optional<IkeChannel> iked_;
  Instant now_{};
  std::uint64_t ike_received_ = 0, ike_sent_ = 0, ike_dropped_ = 0;

  Moderation moderation_;
  std::size_t raw_in_turn_ = 0;  // datagrams of raw sockets

  DropCounters drops_;
  Sad sad_;
  Classifier classifier_{sad_};
  PacketNotes notes_;
  std::unique_ptr<OutboundPath> outbound_;  // large: on the heap
  std::unique_ptr<InboundPath> inbound_;
  std::jthread thread_;
};

}  // namespace adit::stack::user
