#include "policy/lint/lint.h"

#include <array>

#include "policy/lint/subject.h"

namespace adit::policy::lint {

std::vector<Remark> lint(const Document& document) {
  static constexpr std::array<Check, 16> checks = {check_filter_order,
                                                   check_time_conditions,
                                                   check_ike_traffic,
                                                   check_forwarding,
                                                   check_key_exchange_order,
                                                   check_key_exchange_overlap,
                                                   check_tunnels,
                                                   check_transport_ends,
                                                   check_local_dyn_vpn,
                                                   check_versions,
                                                   check_algorithms,
                                                   check_aggressive_mode,
                                                   check_refresh,
                                                   check_pfs,
                                                   check_offers,
                                                   check_unused};
  if (document.policy() == nullptr) return {};
  const Origins origins{document};
  const Subject subject{.document = document, .policy = *document.policy(), .origins = origins};
  Remarks remarks;
  for (const Check check : checks) check(subject, remarks);
  std::vector<std::string> files;
  for (const Statement& file : document.files()) files.push_back(*file.at.file);
  return std::move(remarks).in_order(files);
}

}  // namespace adit::policy::lint
