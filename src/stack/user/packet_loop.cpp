#include "stack/user/packet_loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace adit::stack::user {
namespace {

constexpr int most_events = 16;
constexpr policy::PacketPath of_this_host{.direction = policy::Direction::outbound};
constexpr policy::PacketPath forwarded{.direction = policy::Direction::outbound, .routed = true};
/// The system's own 50 microseconds would double a rest.
constexpr unsigned long timer_slack_nanoseconds = 1000;
/// Batches of one socket in one turn, so that the others get theirs.
constexpr unsigned batches_a_turn = 4;
constexpr std::array<std::uint8_t, 4> non_esp_marker{};  // RFC 3948 §2.2, RFC 7296 §2, RFC 3947 §4
constexpr std::uint8_t keepalive_octet = 0xff;           // RFC 3948 §2.3

Instant read_clock() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

iovec piece_of(Bytes octets) {
  return {.iov_base = const_cast<std::uint8_t*>(octets.data()), .iov_len = octets.size()};
}

}  // namespace

PacketLoop::PacketLoop(Parts parts, Mailbox<Report>& reports, const DataPlane::EventCallback& on_event)
    : parts_{std::move(parts)},
      reports_{reports},
      on_event_{on_event},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)},
      now_{read_clock()},
      outbound_{std::make_unique<OutboundPath>(parts_.mtu, classifier_, drops_, parts_.sockets,
                                               OutboundPath::Refuse{parts_.routed_tun, parts_.refusals}, notes_)},
      inbound_{std::make_unique<InboundPath>(sad_, classifier_, drops_, parts_.delivery, notes_)} {}

PacketLoop::~PacketLoop() { stop(); }

std::expected<void, SystemFailure> PacketLoop::watch(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return std::unexpected{SystemFailure::last("wait for a descriptor")};
  }
  return {};
}

std::expected<void, SystemFailure> PacketLoop::start() {
  constexpr itimerspec every_second_spec{.it_interval = {.tv_sec = 1, .tv_nsec = 0},
                                         .it_value = {.tv_sec = 1, .tv_nsec = 0}};
  if (timerfd_settime(timer_.number(), 0, &every_second_spec, nullptr) != 0) {
    return std::unexpected{SystemFailure::last("set a timer")};
  }
  std::vector<int> watched{commands_.fd(), timer_.number(), parts_.tun.fd(), parts_.routed_tun.fd()};
  if (parts_.ike) watched.push_back(parts_.ike->fd());
  for (const auto& socket : parts_.sockets.all()) {
    if (socket) watched.push_back(socket->fd());
  }
  for (const int fd : watched) {
    if (auto done = watch(fd); !done) return done;
  }
  thread_ = std::jthread{[this](const std::stop_token& stopped) { run(stopped); }};
  return {};
}

void PacketLoop::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  put([](PacketLoop&) {});  // wakes it
  thread_.join();
  commands_.take();  // whoever waits for one of them hears that it will not run
}

void PacketLoop::run(const std::stop_token& stopped) {
  std::array<epoll_event, most_events> events;
  prctl(PR_SET_TIMERSLACK, timer_slack_nanoseconds);
  while (!stopped.stop_requested()) {
    const int count = epoll_wait(epoll_.number(), events.data(), most_events, -1);
    now_ = read_clock();
    for (int i = 0; i < count; ++i) serve(events[static_cast<std::size_t>(i)].data.fd);
    tell_what_happened();
    if (moderation_.should_rest(std::exchange(raw_in_turn_, 0), now_)) {
      std::this_thread::sleep_for(Moderation::rest);
      now_ = read_clock();
    }
  }
}

void PacketLoop::serve(int fd) {
  if (fd == parts_.tun.fd()) return outbound_->drain(parts_.tun, of_this_host, now_);
  if (fd == parts_.routed_tun.fd()) return outbound_->drain(parts_.routed_tun, forwarded, now_);
  for (auto& socket : parts_.sockets.all()) {
    if (!socket || socket->fd() != fd) continue;
    for (unsigned i = 0; i < batches_a_turn; ++i) {
      // A batch that is not full has emptied the socket: asking again would cost a system call to hear so.
      const std::size_t received = inbound_->drain(*socket, parts_.tun, now_);
      if (is_raw(socket->wire())) raw_in_turn_ += received;
      if (received < socket->batch()) return;
    }
    return;
  }
  if (fd == commands_.fd()) return run_commands();
  if (fd == timer_.number()) return every_second();
  if (iked_ && fd == iked_->fd()) return serve_iked();
  if (parts_.ike && fd == parts_.ike->fd()) return accept_iked();
}

void PacketLoop::run_commands() {
  for (Command& command : commands_.take()) command(*this);
  outbound_->release();
}

void PacketLoop::install(const contract::InstallChildSa& pair,
                         const std::function<void(contract::InstallResult)>& done) {
  contract::InstallResult result = sad_.add(pair, now_);
  outbound_->release();
  report([done, result = std::move(result)]() mutable { done(std::move(result)); });
}

/// One iked serves a stack: one that connects takes the place of one that may hang.
void PacketLoop::accept_iked() {
  auto channel = parts_.ike->accept();
  if (!channel) return;
  drop_iked();
  iked_ = std::move(*channel);
  if (!watch(iked_->fd())) iked_.reset();
}

void PacketLoop::drop_iked() {
  if (!iked_) return;
  epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, iked_->fd(), nullptr);
  iked_.reset();
}

void PacketLoop::serve_iked() {
  const auto datagrams = iked_->read_batch();
  if (!datagrams) return drop_iked();
  send_ike(*datagrams);
}

void PacketLoop::send_ike(std::span<const IkeDatagram> datagrams) {
  for (const IkeDatagram& datagram : datagrams) {
    const bool has_marker =
        datagram.local.port == 4500 && !(datagram.octets.size() == 1 && datagram.octets[0] == keepalive_octet);
    std::array<iovec, 2> pieces{piece_of(non_esp_marker), piece_of(datagram.octets)};
    const Departure departure{.local = datagram.local.address,
                              .remote = datagram.remote,
                              .pieces = std::span{pieces}.subspan(has_marker ? 0 : 1)};
    const Wire wire = datagram.local.port == 4500 ? Wire::udp_4500 : Wire::udp_500;
    parts_.sockets.send(wire, datagram.remote.address.family(), {&departure, 1});
    ++ike_sent_;
  }
}

/// What came for iked since the last turn. It is dropped when iked is away: IKE retransmits.
void PacketLoop::hand_over_ike() {
  const std::vector<IkeDatagram> received = inbound_->take_ike();
  if (received.empty()) return;
  ike_received_ += received.size();
  if (!iked_) {
    ike_dropped_ += received.size();
    return;
  }
  const auto written = iked_->write(received);
  ike_dropped_ += received.size() - written.value_or(0);
  if (!written) drop_iked();
}

void PacketLoop::tell(Event event) {
  report([this, event = std::move(event)]() mutable {
    if (on_event_) on_event_(std::move(event));
  });
}

/// A packet did not fit the path of its SA: from now on none as long enters the device, and its sender hears so from
/// the kernel (RFC 4301 §8.2.1). Of one MTU for all SAs, the smallest holds. What is shorter than an IPv6 link must
/// take goes in fragments (RFC 2473 §7.1).
void PacketLoop::heed_path() {
  constexpr std::size_t least = 1280;
  const auto tight = outbound_->take_tightness();
  if (!tight) return;
  const auto mtu = static_cast<unsigned>(std::max(least, tight->largest_inner));
  if (mtu >= parts_.mtu) return;
  auto done = parts_.tun.set_mtu(mtu);
  if (done) done = parts_.routed_tun.set_mtu(mtu);
  parts_.mtu = mtu;  // not tried again when it failed
  if (!done) return tell(Trouble{.attempted = done.error().attempted, .reason = done.error().reason.message()});
  tell(Trouble{.attempted = "send to " + tight->remote.address.to_string() + " unfragmented",
               .reason = fmt::format("the path takes {} octets: {} takes {} from now on", tight->path_mtu,
                                     parts_.tun.name(), mtu)});
}

void PacketLoop::tell_what_happened() {
  heed_path();
  hand_over_ike();
  for (contract::Acquire& question : outbound_->take_questions()) {
    question.stack = parts_.stack;
    tell(std::move(question));
  }
  for (LoggedPacket& packet : notes_.take()) {
    const bool is_forwarded = packet.path.routed && packet.path.direction == policy::Direction::outbound;
    packet.interface = (is_forwarded ? parts_.routed_tun : parts_.tun).name();
    tell(std::move(packet));
  }
  for (contract::PeerMoved& move : inbound_->take_moves()) {
    move.stack = parts_.stack;
    tell(std::move(move));
  }
}

void PacketLoop::every_second() {
  std::uint64_t ticks = 0;
  [[maybe_unused]] const auto read = ::read(timer_.number(), &ticks, sizeof ticks);
  notes_.begin_second();
  outbound_->forget_old(now_);
  parts_.delivery.forget_interfaces();
  for (Sad::Reached& reached : sad_.collect_limits(now_)) {
    tell(LimitReached{.limit = std::move(reached.limit), .counters = std::move(reached.counters)});
  }
}

DataPlaneCounters PacketLoop::counters() const {
  return {.drops = drops_,
          .ike_received = ike_received_,
          .ike_sent = ike_sent_,
          .ike_dropped = ike_dropped_,
          .tun_reads = outbound_->reads(),
          .tun_writes = inbound_->writes(),
          .sends = parts_.sockets.sends(),
          .receives = inbound_->receives(),
          .send_failures = parts_.sockets.failures(),
          .acquires_suppressed = outbound_->questions_suppressed()};
}

}  // namespace adit::stack::user
