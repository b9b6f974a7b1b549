#include "stack/user/standing_filters.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <memory>

#include "stack/user/nftables_transaction.h"

namespace adit::stack::user {
namespace {

/// Whether the kernel knows the one thing that a request names. Not by libnftables: it would read the whole table.
template <class Name>
std::expected<bool, SystemFailure> is_known(unsigned type, Name name, mnl_cb_t on_answer = nullptr,
                                            void* for_answer = nullptr) {
  using Socket = std::unique_ptr<mnl_socket, decltype([](mnl_socket* socket) { mnl_socket_close(socket); })>;
  std::array<char, 8192> buffer;
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request->nlmsg_seq = 1;
  auto& family = *static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
  family.nfgen_family = NFPROTO_INET;
  family.version = NFNETLINK_V0;
  name(request);
  const Socket socket{mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)};
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) {
    return std::unexpected{SystemFailure::last("ask for the filters in force")};
  }
  const unsigned port = mnl_socket_get_portid(socket.get());
  int result = MNL_CB_OK;
  while (result > MNL_CB_STOP) {  // the answer and its acknowledgement come apart
    const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    result = size < 0 ? MNL_CB_ERROR
                      : mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, port, on_answer, for_answer);
  }
  if (result == MNL_CB_STOP) return true;
  if (errno == ENOENT) return false;
  return std::unexpected{SystemFailure::last("ask for the filters in force")};
}

std::expected<bool, SystemFailure> has_table() {
  return is_known(NFT_MSG_GETTABLE, [](nlmsghdr* request) { mnl_attr_put_strz(request, NFTA_TABLE_NAME, "adit"); });
}
std::expected<bool, SystemFailure> has_chain(const char* name) {
  return is_known(NFT_MSG_GETCHAIN, [name](nlmsghdr* request) {
    mnl_attr_put_strz(request, NFTA_CHAIN_TABLE, "adit");
    mnl_attr_put_strz(request, NFTA_CHAIN_NAME, name);
  });
}

int note_handle(const nlattr* attribute, void* handle) {
  if (mnl_attr_get_type(attribute) == NFTA_TABLE_HANDLE && mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0) {
    *static_cast<std::uint64_t*>(handle) = be64toh(mnl_attr_get_u64(attribute));
  }
  return MNL_CB_OK;
}

int note_table(const nlmsghdr* message, void* handle) {
  return mnl_attr_parse(message, sizeof(nfgenmsg), note_handle, handle);
}

}  // namespace

std::expected<std::optional<std::uint64_t>, SystemFailure> table_handle() {
  std::uint64_t handle = 0;
  const auto known = is_known(
      NFT_MSG_GETTABLE, [](nlmsghdr* request) { mnl_attr_put_strz(request, NFTA_TABLE_NAME, "adit"); }, note_table,
      &handle);
  if (!known) return std::unexpected{known.error()};
  return *known ? std::optional{handle} : std::nullopt;
}

std::expected<StandingFilters, std::string> settle_filters(UntilPolicy choice, const RulesetOptions& options) {
  // Who permits opens nothing: whatever stands is stricter than nothing, or as open. Who denies keeps what says of
  // itself that it is a policy's or the denial; a table of another origin may be empty.
  const auto stands = choice == UntilPolicy::permit ? has_table() : has_chain(closed_mark);
  if (!stands) return std::unexpected{stands.error().to_string()};
  if (*stands) return StandingFilters::kept;
  if (choice == UntilPolicy::permit) return StandingFilters::open;
  if (const auto done = run_nftables(ruleset_of_denial(options)); !done) return std::unexpected{done.error()};
  return StandingFilters::closed;
}

}  // namespace adit::stack::user
