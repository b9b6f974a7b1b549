// What a policy server sends, or what stands on a client's disk: no octets may crash what reads them, and what is taken
// builds the same octets again.

#include <cstdlib>

#include "policy/policy_source.h"

using namespace adit;
using namespace adit::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto source = PolicySource::parse({data, size});
  if (!source) return 0;
  const Secret again = source->build();
  if (!(SecretView{again} == SecretView{Bytes{data, size}})) std::abort();
  const ParseResult result = source->policy_of(StackName{"stack"});
  if (result.policy == nullptr && result.diagnostics.empty()) std::abort();
  return 0;
}
