#pragma once
// What a stack calls itself to a server where its configuration says nothing else.

#include <cstddef>
#include <string>

#include "base/strong_id.h"

namespace adit::daemons {

/// `host_stack`, cut after `longest` characters.
std::string default_client_name(const StackName& stack, std::size_t longest);

}  // namespace adit::daemons
