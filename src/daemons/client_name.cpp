#include "daemons/client_name.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace adit::daemons {

std::string default_client_name(const StackName& stack, std::size_t longest) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string name = fmt::format("{}_{}", host.data(), stack.text);
  name.resize(std::min(name.size(), longest));
  return name;
}

}  // namespace adit::daemons
