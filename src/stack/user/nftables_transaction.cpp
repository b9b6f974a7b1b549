#include "stack/user/nftables_transaction.h"

#include <memory>

extern "C" {
#include <nftables/libnftables.h>
}

namespace adit::stack::user {

std::expected<std::string, std::string> run_nftables(const std::string& text) {
  using NftContext = std::unique_ptr<nft_ctx, decltype([](nft_ctx* context) { nft_ctx_free(context); })>;
  const NftContext context{nft_ctx_new(NFT_CTX_DEFAULT)};
  if (!context || nft_ctx_buffer_output(context.get()) != 0 || nft_ctx_buffer_error(context.get()) != 0) {
    return std::unexpected{std::string{"libnftables cannot be used"}};
  }
  nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_NUMERIC_ALL | NFT_CTX_OUTPUT_TERSE);
  const int result = nft_run_cmd_from_buffer(context.get(), text.c_str());
  if (result != 0) {
    const char* problem = nft_ctx_get_error_buffer(context.get());
    return std::unexpected{std::string{problem == nullptr ? "nftables refuses the rules" : problem}};
  }
  const char* printed = nft_ctx_get_output_buffer(context.get());
  return std::string{printed == nullptr ? "" : printed};
}

}  // namespace adit::stack::user
