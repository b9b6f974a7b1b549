#pragma once
// Parts of a policy that stand in several of its messages: places in files, patterns of identities, VPN actions, local
// starts, filters.

#include "adit/v1/policy.pb.h"
#include "policy/model.h"
#include "rpc/intake.h"

namespace adit::rpc {

/// Statements of a policy, more than which no policy has: bounds what a message can make us allocate.
inline constexpr std::size_t most_rules = 1'000'000;
inline constexpr std::size_t most_offers = 1'000;

void write(const policy::SourceRange& from, v1::SourceRange& to);
void write(const policy::IdentityPattern& from, v1::IdentityPattern& to);
void write(const policy::DynVpnAction& from, v1::DynVpnAction& to);
/// Whether a message has the keys of manual tunnels: for the stack alone.
enum class ManualKeys : std::uint8_t { left_out, included };
/// All but time, which is an index into the table of the policy.
void write(const policy::ManVpnAction& from, v1::ManVpnAction& to, ManualKeys keys);
void write(const policy::TimeCondition& from, v1::TimeCondition& to);
void write(const policy::LocalStart& from, v1::LocalStart& to);
/// All but vpn, manual, local_start and time, which are indices into the tables of the policy.
void write(const policy::Filter& from, v1::Filter& to);

policy::SourceRange read(Intake& in, const v1::SourceRange& from);
policy::IdentityPattern read(Intake& in, const v1::IdentityPattern& from);
policy::DynVpnAction read(Intake& in, const v1::DynVpnAction& from);
policy::ManVpnAction read(Intake& in, const v1::ManVpnAction& from);
policy::TimeCondition read(Intake& in, const v1::TimeCondition& from);
policy::LocalStart read(Intake& in, const v1::LocalStart& from);
policy::Filter read(Intake& in, const v1::Filter& from);

}  // namespace adit::rpc
