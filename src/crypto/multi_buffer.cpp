#include "crypto/multi_buffer.h"

#include <memory>

namespace adit::crypto {
namespace {

struct Free {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, Free>;

Manager make_manager() {
  Manager manager{alloc_mb_mgr(0)};
  if (!manager) return nullptr;
  init_mb_mgr_auto(manager.get(), nullptr);
  constexpr std::uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  if (imb_get_errno(manager.get()) != 0 || (manager->features & needed) != needed) return nullptr;
  return manager;
}

}  // namespace

IMB_MGR* multi_buffer() {
  thread_local const Manager manager = make_manager();
  return manager.get();
}

}  // namespace adit::crypto
