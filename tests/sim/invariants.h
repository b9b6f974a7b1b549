#pragma once
// What must hold of the nodes: after every step of any of them, and when all has come to rest.

#include <string>
#include <vector>

#include "sim/node.h"

namespace adit::sim {

using Nodes = std::vector<const Node*>;

/// After a step of this node: its SAs agree with their counterparts, its operator sees what its stack has, no timer
/// runs for nothing, and what it keeps is bounded by its SAs.
std::vector<std::string> breaches_after_step(const Node& node, const Nodes& all);

/// What else must hold at rest.
enum class Duplicates : std::uint8_t { allowed, forbidden };  ///< several SAs for the same traffic
std::vector<std::string> breaches_at_rest(const Node& node, const Nodes& all, Duplicates duplicates);

/// The other end of a pair, or null.
const contract::InstallChildSa* counterpart_of(const contract::InstallChildSa& pair, const Node& of, const Nodes& all);

}  // namespace adit::sim
