// SPDX-License-Identifier: Apache-2.0
// Whatever is read becomes resources that `apply` takes, and notes of one printable line.
#include "base/bytes.h"
#include "cli/inventory/round_trip_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto found = cli::inventory::read_ansible(base::text({data, size}), "file");
  if (!found) return 0;
  for (const std::string& note : found->notes()) {
    if (note != cli::inventory::printable(note, note.size())) std::abort();
  }
  (void)cli::inventory::round_trip(*found);
  return 0;
}
