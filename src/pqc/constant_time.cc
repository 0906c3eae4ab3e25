// SPDX-License-Identifier: Apache-2.0
// What may be branched on although it comes from secrets. Runs in the untrusted workers.
#include "pqc/constant_time.h"

#ifdef SALLYPORT_MARK_SECRETS  // secret_flow.cc marks secrets
#include <valgrind/memcheck.h>
#endif

namespace sallyport::pqc {

void publish([[maybe_unused]] std::span<std::uint8_t> bytes) {
#ifdef SALLYPORT_MARK_SECRETS
  (void)VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
#endif
}

bool revealed(std::int32_t mask) {
  publish({reinterpret_cast<std::uint8_t*>(&mask), sizeof mask});
  return mask != 0;
}

}  // namespace sallyport::pqc
