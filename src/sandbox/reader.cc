// SPDX-License-Identifier: Apache-2.0
// The order matters: each step needs something that a later one takes away.
#include "sandbox/reader.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sandbox/descriptors.h"
#include "sandbox/identity.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/privileges.h"
#include "sandbox/seccomp_reader.h"

namespace sallyport::sandbox {
namespace {

// "nobody" on every Linux. The gateway's own worker user may not exist where a copied record is read.
constexpr Identity kNobody{65534, 65534};

}  // namespace

Step make_reader_box(ReaderBox& out) {
  return reader_filter(out.filter);
}

Step contain_reader(const ReaderBox& box, std::span<const int> kept) {
  std::vector<int> open(kept.begin(), kept.end());
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) open.push_back(standard);
  std::sort(open.begin(), open.end());
  const bool root = ::geteuid() == 0 || ::getuid() == 0;
  if (auto f = close_all_but(open)) return f;
  if (auto f = become(root ? std::optional<Identity>(kNobody) : std::nullopt)) return f;
  if (auto f = die_with_broker(kReaderOrdersFd)) return f;
  if (auto f = forbid_new_privileges()) return f;
  if (auto f = hide_from_debuggers()) return f;
  if (auto f = limit_reader(kReaderAddressSpaceBytes, static_cast<std::uint64_t>(open.back()) + 16)) return f;
  if (auto f = forbid_file_access()) return f;
  if (auto f = drop_all_capabilities()) return f;
  return box.filter.install();
}

Step keep_memory_private() {
  if (auto f = forbid_core_dumps()) return f;
  return hide_from_debuggers();
}

}  // namespace sallyport::sandbox
