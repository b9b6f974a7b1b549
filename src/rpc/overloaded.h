#pragma once
// One function object of several, for std::visit: a case for each alternative.

namespace adit::rpc {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace adit::rpc
