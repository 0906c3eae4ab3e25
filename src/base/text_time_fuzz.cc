// SPDX-License-Identifier: Apache-2.0
// Whatever is read as a time is printed as one that reads the same.
#include "base/text_time.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::base;
  const auto time = from_rfc3339({reinterpret_cast<const char*>(data), size});
  if (!time) return 0;
  const std::string printed = to_rfc3339(*time);
  const auto again = from_rfc3339(printed);
  // An offset may lead out of the four digits that a year has.
  const bool printable = printed.size() >= 20 && printed[0] != '-' && printed[4] == '-';
  if (printable && (!again || *again != *time)) std::abort();
  return 0;
}
