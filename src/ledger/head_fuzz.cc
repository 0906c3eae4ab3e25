// SPDX-License-Identifier: Apache-2.0
// A head that was kept elsewhere is foreign text: whatever is accepted must come back equal from its JSON.
#include <cstdlib>

#include "ledger/head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto head = ledger::head_from_json(base::text({data, size}));
  if (!head) return 0;
  const auto back = ledger::head_from_json(ledger::to_json(*head));
  if (!back || back->seq != head->seq || back->time_us != head->time_us || back->chain != head->chain ||
      back->public_key != head->public_key || back->signature != head->signature) {
    std::abort();
  }
  return 0;
}
