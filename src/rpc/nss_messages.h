#pragma once
// Questions to the certificate service and its answers, to and from their messages (nss.proto).

#include "adit/v1/nss.pb.h"
#include "rpc/intake.h"
#include "rpc/nss_question.h"

namespace adit::rpc {

void write(const NssQuestion& from, v1::NssRequest& to);
void write(const NssReply& from, v1::NssAnswer& to);
std::expected<NssQuestion, Malformed> from_message(const v1::NssRequest& message);
std::expected<NssReply, Malformed> from_message(const v1::NssAnswer& message);

}  // namespace adit::rpc
