#pragma once
// What the data plane has done with packets whose filters log it, for the operator's log.

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "stack/filter_log.h"
#include "stack/nftables_ruleset.h"

namespace adit::stack::user {

class PacketNotes {
 public:
  /// Without effect where the filter does not want it, or so many of the kind have been noted in this second
  /// (most_logged_a_second). A null rule is the implicit deny.
  void add(LoggedAs as, const policy::Filter* rule, const policy::PacketPath& path, const PacketSelectors& packet,
           std::size_t octets);
  /// Whether it may cost a system call once more in this second to find out what there is to note; counts it.
  bool may_look() { return ++looks_ <= most_logged_a_second; }
  /// Those since the last call. Their interface is left to who knows the devices.
  std::vector<LoggedPacket> take() { return std::exchange(notes_, {}); }
  void begin_second() {
    in_second_.clear();
    looks_ = 0;
  }

 private:
  std::vector<LoggedPacket> notes_;
  std::map<std::tuple<LoggedAs, policy::Direction, bool>, unsigned> in_second_;  // by what, direction, whether routed
  unsigned looks_ = 0;
};

}  // namespace adit::stack::user
