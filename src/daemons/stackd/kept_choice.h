#pragma once
// `ipsec -f default` over a restart of stackd: the operator's word holds until `ipsec -f reload`. Kept as a file that
// is there or not.

#include <expected>
#include <string>

#include "base/strong_id.h"
#include "rpc/operator_views.h"

namespace adit::daemons::stackd {

class KeptChoice {
 public:
  KeptChoice(const std::string& folder, const StackName& stack)
      : folder_{folder}, file_{folder + "/" + stack.text + ".default-filter"} {}

  const std::string& file() const { return file_; }
  rpc::FilterChoice find() const;
  /// An error is told for the operator. The folder is made with mode 0700 when it is not there.
  std::expected<void, std::string> keep(rpc::FilterChoice choice) const;

 private:
  std::string folder_, file_;
};

}  // namespace adit::daemons::stackd
