#pragma once
// Which nodes cannot reach each other just now.

#include <set>
#include <utility>

namespace adit::sim {

class Partition {
 public:
  using NodeNumber = std::size_t;

  /// Neither reaches the other.
  void cut(NodeNumber one, NodeNumber other) { cut_.insert(std::minmax(one, other)); }
  void mend(NodeNumber one, NodeNumber other) { cut_.erase(std::minmax(one, other)); }
  void heal() { cut_.clear(); }
  bool separates(NodeNumber one, NodeNumber other) const { return cut_.contains(std::minmax(one, other)); }

 private:
  std::set<std::pair<NodeNumber, NodeNumber>> cut_;
};

}  // namespace adit::sim
