#include "policy/diagnostic.h"
#include "policy/document.h"

namespace adit::policy {

ParseResult parse_policy(const StackName& stack, const SourceFile* common, const SourceFile* own) {
  return Document{stack, common, own}.take();
}

}  // namespace adit::policy
