// SPDX-License-Identifier: Apache-2.0
// Commands for Sallyport itself: what is read says what was written, within its bounds.
#include <cstdlib>

#include "policy/own_command.h"
#include "policy/resource.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace sallyport::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto command = parse_own_command(text);
  if (!command) return 0;
  if (size > kMaxOwnCommandBytes) std::abort();
  if (const auto* asked = std::get_if<RequestCommand>(&*command)) {
    if (!is_name(asked->account) || !is_name(asked->target) || asked->valid_seconds < 0) std::abort();
    if (text.find(asked->reason) == std::string_view::npos) std::abort();
  }
  if (const auto* vote = std::get_if<VoteCommand>(&*command)) {
    if (vote->request.empty() || text.find(vote->comment) == std::string_view::npos) std::abort();
  }
  return 0;
}
