#pragma once
// What two policies would come to: the steps of a negotiation, each with what was agreed or which attribute differs.

#include <optional>
#include <string>
#include <vector>

#include "policy/model.h"

namespace adit::policy::agreement {

/// One thing that both ends must agree on.
struct Step {
  std::string what;  ///< `IKE proposal`
  bool agreed = false;
  std::string result;                               ///< what was agreed, or what differs: `DH group: 14 here, 19 there`
  std::optional<SourceRange> initiator, responder;  ///< where each end says so
  bool operator==(const Step&) const = default;
};

/// One tunnel of the initiator, played through up to the first step that fails.
struct Outcome {
  std::string tunnel;  ///< `IpFilterRule nets`, `LocalDynVpnRule net-to-net`
  std::string when;    ///< `Mon 2026-01-05 07:00`, where it is another outcome than at other times; else empty
  SourceRange at;
  bool is_manual = false;  ///< an IpManVpnAction: nobody starts it
  std::string version;     ///< `IKEv2`, `IKEv1 Main`, `IKEv1 Aggressive`
  std::string ends;        ///< `198.51.100.1 to 198.51.100.2`
  std::vector<Step> steps;

  bool operator==(const Outcome&) const = default;
  bool comes_up() const { return !steps.empty() && steps.back().agreed; }
};

}  // namespace adit::policy::agreement
