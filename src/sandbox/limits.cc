// SPDX-License-Identifier: Apache-2.0
// setrlimit.
#include "sandbox/limits.h"

#include <sys/resource.h>

#include <cerrno>

namespace sallyport::sandbox {
namespace {

Step limit(__rlimit_resource resource, const char* name, std::uint64_t value) {
  const rlimit wanted{value, value};
  if (::setrlimit(resource, &wanted) < 0) return failed(std::string("setrlimit(") + name + ")", errno, "");
  return {};
}

}  // namespace

Step limit_zygote(const WorkerNeeds& needs) {
  if (auto f = limit(RLIMIT_CORE, "RLIMIT_CORE", 0)) return f;
  if (auto f = limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0)) return f;
  if (auto f = limit(RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0)) return f;
#ifndef SALLYPORT_SANITIZED  // reports may be going to a file
  if (auto f = limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0)) return f;
#endif
  return limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", 2 * kWorkerDescriptors + needs.descriptors);
}

Step forbid_core_dumps() {
  return limit(RLIMIT_CORE, "RLIMIT_CORE", 0);
}

Step limit_reader([[maybe_unused]] std::uint64_t address_space_bytes, std::uint64_t descriptors) {
  if (auto f = forbid_core_dumps()) return f;
  if (auto f = limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0)) return f;
  if (auto f = limit(RLIMIT_NPROC, "RLIMIT_NPROC", 0)) return f;
#ifndef SALLYPORT_SANITIZED
  if (auto f = limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0)) return f;
  if (auto f = limit(RLIMIT_AS, "RLIMIT_AS", address_space_bytes)) return f;
#endif
  return limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", descriptors);
}

Step limit_worker(const WorkerNeeds& needs) {
#ifndef SALLYPORT_SANITIZED
  if (auto f = limit(RLIMIT_AS, "RLIMIT_AS", kWorkerAddressSpaceBytes)) return f;
#endif
  return limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", kWorkerDescriptors + needs.descriptors);
}

}  // namespace sallyport::sandbox
