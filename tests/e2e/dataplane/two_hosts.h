#pragma once
// Two network namespaces on one wire, each with a data plane, for the tests. The namespaces belong to processes that
// end with the test, so nothing can be left behind.

#include <sys/types.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stack/user/data_plane.h"

namespace adit::test {

/// Whether this process may make namespaces and devices; if not, tests skip themselves by name.
bool may_make_namespaces();

class NetworkNamespace {
 public:
  NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  ~NetworkNamespace();

  pid_t holder() const { return holder_; }
  /// Runs `work` on a thread that is in the namespace, as are the threads that it makes.
  void run(const std::function<void()>& work) const;
  /// The exit status of a shell command run inside; what it prints goes nowhere.
  int shell(const std::string& command) const;

 private:
  pid_t holder_;
};

/// How the pair of SAs between the hosts is made.
struct Protection {
  std::string name;
  IpFamily inner = IpFamily::v4, outer = IpFamily::v4;
  contract::EncapsulationMode mode = contract::EncapsulationMode::tunnel;
  bool is_udp = false;
  EncryptionId encryption = EncryptionId::aes_gcm_16;  ///< none: AH
  IntegrityId integrity = IntegrityId::none;
  IntegrityId around = IntegrityId::none;  ///< of AH around ESP
  bool extended = false;                   ///< sequence numbers
  contract::Lifetimes lifetimes{};
  std::string rule = "nets";  ///< that it is made for
  unsigned net_bits = 0;      ///< instead of the data addresses, the nets of so many bits they lie in; 0: no

  bool is_ah() const { return encryption == EncryptionId::none; }
  bool is_in_ah() const { return is_ah() || around != IntegrityId::none; }
};

/// The events of one data plane, as they came.
class Events {
 public:
  void add(stack::user::Event event);
  /// The first event of type T that is as wanted, or null after five seconds without one.
  template <class T>
  std::unique_ptr<T> wait_for(const std::function<bool(const T&)>& is_wanted = [](const T&) { return true; }) {
    std::unique_lock lock{mutex_};
    std::unique_ptr<T> found;
    const auto is_there = [&] {
      for (const auto& event : events_) {
        if (const T* event_of_type = std::get_if<T>(&event); event_of_type != nullptr && is_wanted(*event_of_type)) {
          found = std::make_unique<T>(*event_of_type);
          return true;
        }
      }
      return false;
    };
    arrived_.wait_for(lock, std::chrono::seconds{5}, is_there);
    return found;
  }
  /// How many of type T have come that are as wanted.
  template <class T>
  std::size_t count(const std::function<bool(const T&)>& is_wanted = [](const T&) { return true; }) {
    const std::scoped_lock lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count_if(events_, [&](const auto& event) {
      const T* event_of_type = std::get_if<T>(&event);
      return event_of_type != nullptr && is_wanted(*event_of_type);
    }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<stack::user::Event> events_;
};

/// Host number n of the pair: 198.51.100.n and 2001:db8:100::n on the wire; 10.n.0.1 and 2001:db8:n::1 behind it.
class Host {
 public:
  explicit Host(unsigned number);
  ~Host();

  /// For the next start().
  std::map<std::string, std::uint8_t> security_classes;

  unsigned number() const { return number_; }
  NetworkNamespace& space() { return space_; }
  stack::user::DataPlane& plane() { return *plane_; }
  Events& events() { return events_; }
  std::string ike_socket() const;

  void start(stack::user::Options::AtStop at_stop = stack::user::Options::AtStop::keep_filters,
             stack::UntilPolicy until_policy = stack::UntilPolicy::deny);
  void stop();
  void set_policy(policy::PolicyPointer policy);
  /// By a policy: filters that somebody deletes are put back.
  void permit_everything();
  /// Our end of the SAs; the keys follow from `tunnel` alone.
  contract::InstallResult install(const Protection& protection, std::uint64_t tunnel, std::uint32_t generation = 1,
                                  contract::SendingBegins sending = contract::SendingBegins::at_once);
  void remove(std::uint64_t tunnel, std::uint32_t generation = 1);
  contract::ChildSaCounters counters(std::uint64_t tunnel);
  stack::user::DataPlaneCounters plane_counters() { return plane_->counters(); }

 private:
  unsigned number_;
  NetworkNamespace space_;
  Events events_;
  std::unique_ptr<stack::user::DataPlane> plane_;
};

/// What a failed test needs to be understood: counters, drops, filters that matched.
std::string state_of(Host& host);

IpAddress wire_address(unsigned host, IpFamily family);
IpAddress inner_address(unsigned host, IpFamily family);
/// What the inner packets of the pair bear: inner addresses in a tunnel, the wire's in transport mode.
IpAddress data_address(unsigned host, const Protection& protection);

/// The data addresses that are protected at one end.
IpRange data_range(unsigned host, const Protection& protection);

/// Protects everything between the hosts' data addresses; permits what is needed besides.
enum class OnDemand : std::uint8_t { no, yes };
policy::PolicyPointer policy_for(const Protection& protection, unsigned host, OnDemand on_demand = OnDemand::no);

/// The wire between two hosts; both have their data plane and a policy.
struct TwoHosts {
  explicit TwoHosts(const Protection& protection, OnDemand on_demand = OnDemand::no);
  Host east{1}, west{2};
};

/// Sends octets of a known pattern over TCP from one address to another.
/// @return octets that arrived as sent, up to the first that did not
std::size_t transfer(Host& from, const IpAddress& source, Host& to, const IpAddress& destination, std::size_t octets);

}  // namespace adit::test
