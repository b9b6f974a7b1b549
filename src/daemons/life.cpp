#include "daemons/life.h"

#include "base/log.h"
#include "base/version.h"
#include "daemons/readiness.h"

namespace adit::daemons {

void log_ready(const std::string& daemon) {
  log::write({CatalogueId::daemon_started, {{"daemon", daemon}, {"version", version}}});
  tell_supervisor_ready();
}
void log_stopped(const std::string& daemon) { log::write({CatalogueId::daemon_stopped, {{"daemon", daemon}}}); }
void log_failure(const std::string& attempted, const std::string& reason) {
  log::write({CatalogueId::system_call_failed, {{"attempted", attempted}, {"reason", reason}}});
}
void log_connected(const std::string& service, const std::string& address) {
  log::write({CatalogueId::connected, {{"service", service}, {"address", address}}});
}
void log_lost(const std::string& service, const std::string& address, const std::string& reason) {
  log::write({CatalogueId::connection_lost, {{"service", service}, {"address", address}, {"reason", reason}}});
}
void log_malformed(const std::string& service, const std::string& field) {
  log::write({CatalogueId::message_malformed, {{"service", service}, {"field", field}}});
}

}  // namespace adit::daemons
