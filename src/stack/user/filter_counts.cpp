#include "stack/user/filter_counts.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace adit::stack::user {
namespace {

constexpr const char* table = "adit";

using Attributes = std::array<const nlattr*, 32>;  // by type; the kernel knows fewer of each kind

struct Walk {
  template <class Visit>
  static int visit_each(const nlattr* attribute, void* visit) {
    (*static_cast<Visit*>(visit))(attribute);
    return MNL_CB_OK;
  }
};

Attributes nested(const nlattr* parent) {
  Attributes found{};
  auto note = [&](const nlattr* attribute) {
    if (const std::uint16_t type = mnl_attr_get_type(attribute); type < found.size()) found[type] = attribute;
  };
  if (parent != nullptr) mnl_attr_parse_nested(parent, Walk::visit_each<decltype(note)>, &note);
  return found;
}

Attributes of_message(const nlmsghdr* message) {
  Attributes found{};
  auto note = [&](const nlattr* attribute) {
    if (const std::uint16_t type = mnl_attr_get_type(attribute); type < found.size()) found[type] = attribute;
  };
  mnl_attr_parse(message, sizeof(nfgenmsg), Walk::visit_each<decltype(note)>, &note);
  return found;
}

/// The number after the f of a counter's name or an element's comment.
std::optional<std::size_t> filter_number(std::string_view name) {
  if (!name.starts_with('f')) return std::nullopt;
  std::size_t number = 0;
  const auto read = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return read.ec == std::errc{} ? std::optional{number} : std::nullopt;
}

class CountReader {
 public:
  explicit CountReader(std::size_t filters) : counts_(filters) {}

  std::optional<SystemFailure> open() {
    socket_.reset(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
      return SystemFailure::last("open a netlink socket");
    }
    return std::nullopt;
  }

  /// The counters with a name.
  std::optional<SystemFailure> read_counters() {
    const auto done = dump(
        NFT_MSG_GETOBJ,
        [](nlmsghdr* request) {
          mnl_attr_put_strz(request, NFTA_OBJ_TABLE, table);
          mnl_attr_put_u32(request, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
        },
        [this](const nlmsghdr* message) {
          const Attributes object = of_message(message);
          if (object[NFTA_OBJ_NAME] == nullptr) return;
          add(filter_number(mnl_attr_get_str(object[NFTA_OBJ_NAME])), object[NFTA_OBJ_DATA]);
        });
    return done ? std::nullopt : std::optional{SystemFailure::last("read the counters of the filters")};
  }

  /// The counters of the elements of the maps, which are named m0, m1 and so on.
  std::optional<SystemFailure> read_maps() {
    for (unsigned number = 0;; ++number) {
      const std::string name = fmt::format("m{}", number);
      const auto done = dump(
          NFT_MSG_GETSETELEM,
          [&](nlmsghdr* request) {
            mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, table);
            mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, name.c_str());
          },
          [this](const nlmsghdr* message) {
            const nlattr* elements = of_message(message)[NFTA_SET_ELEM_LIST_ELEMENTS];
            auto read = [this](const nlattr* element) { add_element(nested(element)); };
            if (elements != nullptr) mnl_attr_parse_nested(elements, Walk::visit_each<decltype(read)>, &read);
          });
      if (done) continue;
      if (errno == ENOENT) return std::nullopt;  // that was the last
      return SystemFailure::last("read the elements of map " + name);
    }
  }

  std::vector<FilterCount> take() { return std::move(counts_); }

 private:
  /// @return false with errno when the kernel refuses
  template <class Ask, class Visit>
  bool dump(unsigned type, Ask ask, Visit visit) {
    std::array<char, 65536> buffer;
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = ++sequence_;
    auto& family = *static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
    family.nfgen_family = NFPROTO_INET;
    family.version = NFNETLINK_V0;
    ask(request);
    if (mnl_socket_sendto(socket_.get(), request, request->nlmsg_len) < 0) return false;
    const auto each = [](const nlmsghdr* message, void* visitor) {
      (*static_cast<Visit*>(visitor))(message);
      return MNL_CB_OK;
    };
    const unsigned port = mnl_socket_get_portid(socket_.get());
    while (true) {
      const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
      if (size < 0) return false;
      const int result = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence_, port, each, &visit);
      if (result <= MNL_CB_STOP) return result == MNL_CB_STOP;
    }
  }

  void add_element(const Attributes& element) {
    if (element[NFTA_SET_ELEM_USERDATA] == nullptr || element[NFTA_SET_ELEM_EXPR] == nullptr) return;
    // User data is libnftables': type 0, length, and the text of the comment with its zero.
    const auto* data = static_cast<const char*>(mnl_attr_get_payload(element[NFTA_SET_ELEM_USERDATA]));
    const std::size_t size = mnl_attr_get_payload_len(element[NFTA_SET_ELEM_USERDATA]);
    if (size < 3 || data[0] != 0 || size < 2 + static_cast<std::size_t>(static_cast<unsigned char>(data[1]))) return;
    const std::string_view comment{data + 2, static_cast<std::size_t>(static_cast<unsigned char>(data[1])) - 1};
    add(filter_number(comment), nested(element[NFTA_SET_ELEM_EXPR])[NFTA_EXPR_DATA]);
  }

  void add(std::optional<std::size_t> filter, const nlattr* data) {
    if (!filter || *filter >= counts_.size() || data == nullptr) return;
    const Attributes counter = nested(data);
    if (counter[NFTA_COUNTER_PACKETS] == nullptr || counter[NFTA_COUNTER_BYTES] == nullptr) return;
    counts_[*filter].packets += be64toh(mnl_attr_get_u64(counter[NFTA_COUNTER_PACKETS]));
    counts_[*filter].octets += be64toh(mnl_attr_get_u64(counter[NFTA_COUNTER_BYTES]));
  }

  std::unique_ptr<mnl_socket, decltype([](mnl_socket* socket) { mnl_socket_close(socket); })> socket_;
  unsigned sequence_ = 0;
  std::vector<FilterCount> counts_;
};

}  // namespace

std::expected<std::vector<FilterCount>, SystemFailure> read_filter_counts(std::size_t filters) {
  CountReader reader{filters};
  if (auto failure = reader.open()) return std::unexpected{std::move(*failure)};
  if (auto failure = reader.read_counters()) return std::unexpected{std::move(*failure)};
  if (auto failure = reader.read_maps()) return std::unexpected{std::move(*failure)};
  return reader.take();
}

}  // namespace adit::stack::user
