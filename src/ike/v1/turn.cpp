#include "ike/v1/turn.h"

namespace adit::ike::v1 {

void tell(Turn& turn, CatalogueId message, std::vector<LogRecord::Field> fields) {
  turn.step.log.push_back({.message = message, .fields = std::move(fields)});
}

void drop(Turn& turn, const Phase1Sa& sa, std::string reason) {
  ++turn.statistics.dropped;
  tell(turn, CatalogueId::v1_message_dropped, {{"peer", sa.remote.to_string()}, {"reason", std::move(reason)}});
}

std::string name_of_tunnel(const Phase1Sa& sa) { return "K" + std::to_string(sa.tunnel.value()); }

}  // namespace adit::ike::v1
