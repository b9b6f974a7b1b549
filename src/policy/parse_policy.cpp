#include "policy/diagnostic.h"
#include "policy/document.h"

namespace adit::policy {

ParseResult parse_policy(const StackName& stack, const SourceFile* common, const SourceFile* own,
                         const Surroundings& around) {
  return Document{stack, common, own, around}.take();
}

}  // namespace adit::policy
