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

  /// IP packets that are neither ESP (or UDP port 4500) nor AH nor IPv6's own housekeeping.
  std::size_t in_clear();
  std::size_t esp();
  std::size_t ah();
  /// Whether the octets stand in one of the first ESP or AH packets that came in, for everybody to read.
  bool shows(Bytes octets);
  /// Sends the ESP and AH frames that came in so far once more, from the other end of the wire; returns how many.
  std::size_t replay_into(const NetworkNamespace& other_end);

 private:
  void listen(const std::stop_token& stopped);

  int socket_ = -1;
  std::mutex mutex_;
  std::size_t in_clear_ = 0, esp_ = 0, ah_ = 0;
  std::vector<ByteString> frames_;  // ESP and AH, inbound; the first few
  std::jthread thread_;
};

}  // namespace adit::test
