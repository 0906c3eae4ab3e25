// SPDX-License-Identifier: Apache-2.0
// Hashes of command lines.
#include "policy/program_bound.h"

#include <sodium.h>

#include <algorithm>

#include "base/bytes.h"

namespace sallyport::policy {
namespace {

bool is_hash(std::string_view text) {
  return text.size() == 2 * crypto_hash_sha256_BYTES &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

base::Status check_bound(const ProgramBound& bound) {
  if (bound.commands.size() > kMaxBoundCommands) {
    return base::fail(base::Errc::invalid,
                      "a request names at most " + std::to_string(kMaxBoundCommands) + " commands");
  }
  const bool good = std::all_of(bound.commands.begin(), bound.commands.end(), is_hash) &&
                    (bound.playbook.empty() || is_hash(bound.playbook));
  if (good) return {};
  return base::fail(base::Errc::invalid, "a hash is SHA-256 in hexadecimal: 64 of 0-9 and a-f");
}

bool may_run(const ProgramBound& bound, std::string_view command_line) {
  base::Bytes hash(crypto_hash_sha256_BYTES);
  const base::ByteView line = base::view(command_line);
  crypto_hash_sha256(hash.data(), line.data(), line.size());
  return std::find(bound.commands.begin(), bound.commands.end(), base::to_hex(hash)) != bound.commands.end();
}

}  // namespace sallyport::policy
