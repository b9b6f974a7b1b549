#pragma once
// What passes the wire of a namespace, seen below all filters.

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "two_hosts.h"

namespace adit::test {

class WireTap {
 public:
  explicit WireTap(const NetworkNamespace& space);
  ~WireTap();
  WireTap(const WireTap&) = delete;
  WireTap& operator=(const WireTap&) = delete;

  /// IP packets that are neither ESP (or UDP port 4500) nor IPv6's own housekeeping.
  std::size_t in_clear();
  std::size_t esp();
  /// Sends the ESP frames that came in so far once more, from the other end of the wire; returns how many.
  std::size_t replay_esp_into(const NetworkNamespace& other_end);

 private:
  void listen(const std::stop_token& stopped);

  int socket_ = -1;
  std::mutex mutex_;
  std::size_t in_clear_ = 0, esp_ = 0;
  std::vector<ByteString> frames_;  // ESP, inbound; the first few
  std::jthread thread_;
};

}  // namespace adit::test
