// SPDX-License-Identifier: Apache-2.0
// Whatever parses as a login name or destination must consist of names, and print back to what was read.
#include <cstdlib>

#include "base/bytes.h"
#include "policy/address.h"
#include "policy/resource.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const std::string_view raw = base::text({data, size});
  if (const auto login = policy::parse_login_name(raw)) {
    if (policy::is_name(login->user) == policy::is_email(login->user)) std::abort();
    std::string back = login->user;
    if (login->destination) {
      const char separator = raw[back.size()];
      back += separator + login->destination->account + separator + login->destination->target;
      if (!policy::is_name(login->destination->account) || !policy::is_name(login->destination->target)) std::abort();
    }
    if (back != raw) std::abort();
  }
  if (const auto d = policy::parse_destination(raw)) {
    std::string back = d->account + "@" + d->target;
    if (d->port != 0) back += ":" + std::to_string(d->port);
    if (back != raw) std::abort();
  }
  if (const auto target = policy::parse_jump_target(raw, ".sallyport")) {
    if (!policy::is_name(*target)) std::abort();
  }
  return 0;
}
