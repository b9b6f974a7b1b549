#include "stack/user/table_watch.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace adit::stack::user {
namespace {

int note_name(const nlattr* attribute, void* is_ours) {
  if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
    *static_cast<bool*>(is_ours) = std::string_view{mnl_attr_get_str(attribute)} == "adit";
  }
  return MNL_CB_OK;
}

int note_deletion(const nlmsghdr* message, void* deleted) {
  if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE)) return MNL_CB_OK;
  const auto& family = *static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  bool is_ours = false;
  mnl_attr_parse(message, sizeof(nfgenmsg), note_name, &is_ours);
  *static_cast<bool*>(deleted) |= is_ours && family.nfgen_family == NFPROTO_INET;
  return MNL_CB_OK;
}

}  // namespace

void TableWatch::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

int TableWatch::fd() const { return mnl_socket_get_fd(socket_.get()); }

std::expected<TableWatch, SystemFailure> TableWatch::open() {
  TableWatch watch;
  watch.socket_.reset(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!watch.socket_ || mnl_socket_bind(watch.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return std::unexpected{SystemFailure::last("open a netlink socket")};
  }
  int group = NFNLGRP_NFTABLES;
  if (mnl_socket_setsockopt(watch.socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
    return std::unexpected{SystemFailure::last("watch the tables of nftables")};
  }
  return watch;
}

bool TableWatch::drain() {
  std::array<char, 65536> buffer;
  bool may_be_gone = false;
  while (true) {
    const ssize_t size = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      may_be_gone = true;
      continue;
    }
    if (size <= 0) return may_be_gone;
    if (static_cast<std::size_t>(size) > buffer.size()) {
      may_be_gone = true;
      continue;
    }
    mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, 0, note_deletion, &may_be_gone);
  }
}

void TableWatch::listen(Listening choice) {
  int group = NFNLGRP_NFTABLES;
  // Without it deletions are told that this process has made: harmless.
  [[maybe_unused]] const int result = mnl_socket_setsockopt(
      socket_.get(), choice == Listening::on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group, sizeof group);
}

}  // namespace adit::stack::user
