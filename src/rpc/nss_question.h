#pragma once
// One question to the certificate service and its answer, as both ends of the stream see them.

#include <string>
#include <variant>

#include "ike/engine/engine.h"

namespace adit::rpc {

using NssRequest = std::variant<contract::ListAuthorities, contract::Sign, contract::Verify>;
using NssAnswer =
    std::variant<contract::Authorities, contract::Signature, contract::Verified, contract::ServiceRefusal>;

struct NssQuestion {
  ike::RequestId id;        ///< the client's; comes back with the answer
  std::string client_name;  ///< on behalf of which stack: NssStackConfig ClientName
  NssRequest request;
};

struct NssReply {
  ike::RequestId id;
  NssAnswer answer;
};

}  // namespace adit::rpc
