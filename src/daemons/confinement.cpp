#include "daemons/confinement.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace adit::daemons {
namespace {

std::unexpected<std::string> failed(std::string_view attempted) {
  return std::unexpected{fmt::format("{}: {}", attempted, std::strerror(errno))};
}

}  // namespace

std::expected<void, std::string> keep_secrets_in() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("prctl PR_SET_DUMPABLE");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("prctl PR_SET_NO_NEW_PRIVS");
  return {};
}

std::expected<void, std::string> give_up_privileges(const std::string& user) {
  if (!user.empty()) {
    const passwd* entry = ::getpwnam(user.c_str());
    if (entry == nullptr) return std::unexpected{"there is no user " + user};
    if (::initgroups(entry->pw_name, entry->pw_gid) != 0) return failed("initgroups");
    if (::setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0) return failed("setresgid");
    if (::setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) return failed("setresuid");
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capset, &header, none) != 0) return failed("capset");
  return keep_secrets_in();  // the change of user has made the process dumpable as /proc/sys/fs/suid_dumpable says
}

}  // namespace adit::daemons
