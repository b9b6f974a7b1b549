#pragma once
// A stream of datagrams without an end, from one host to another, of which every one must arrive. No more than a few
// are under way at a time, so that no buffer of the kernel can be what loses one.

#include <atomic>
#include <cstdint>
#include <thread>

#include "two_hosts.h"

namespace adit::test {

class DatagramStream {
 public:
  static constexpr std::uint64_t most_under_way = 16;

  DatagramStream(Host& from, const IpAddress& source, Host& to, const IpAddress& destination);
  ~DatagramStream();
  DatagramStream(const DatagramStream&) = delete;
  DatagramStream& operator=(const DatagramStream&) = delete;

  /// Whether so many more arrived that all that was under way at the call is among them.
  bool advances();
  /// Sends no more; how many of those sent did not arrive.
  std::uint64_t finish();

 private:
  void run();

  int sender_ = -1, receiver_ = -1;
  std::atomic<bool> ends_ = false, broken_ = false;
  std::atomic<std::uint64_t> arrived_ = 0;
  std::uint64_t sent_ = 0;
  std::thread thread_;
};

}  // namespace adit::test
