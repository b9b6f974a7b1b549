#pragma once
// A tunnel has several SAs while one takes the place of another: a display shows one of them.

#include <vector>

#include "tools/ipsec/report/tunnels.h"

namespace adit::tools::ipsec {

/// One for each tunnel, in the order of their numbers: the newest that is up; where none is, the newest. What is being
/// negotiated may come to nothing, and until then another carries the tunnel.
std::vector<ike::IkeTunnelView> newest_of_each(std::vector<ike::IkeTunnelView> tunnels);
std::vector<ike::DynamicTunnelView> newest_of_each(std::vector<ike::DynamicTunnelView> tunnels);
/// What is installed is up.
std::vector<InstalledTunnel> newest_of_each(std::vector<InstalledTunnel> tunnels);

}  // namespace adit::tools::ipsec
