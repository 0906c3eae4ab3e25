// SPDX-License-Identifier: Apache-2.0
// What SHA-256 alone costs: the floor under hashing bulk data inline. Prints one line of JSON.
//   hash_floor [MIB]     how much to hash; 2048 by default
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "cpu_time.h"

namespace {

constexpr std::size_t kRecordBytes = std::size_t{32} * 1024;   // what one SSH packet carries
constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;  // what the relay works on, so that caches are as warm

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t mib = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048;
  const std::vector<unsigned char> buffer(kBufferBytes, 0x5a);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (mib == 0 || !ctx || EVP_DigestInit_ex(ctx.get(), EVP_sha256(), nullptr) != 1) {
    std::fprintf(stderr, "usage: hash_floor [MIB]\n");
    return 2;
  }
  const std::uint64_t bytes = mib * 1024 * 1024;
  const sallyport::bench::Stretch stretch;
  for (std::uint64_t done = 0; done < bytes; done += kRecordBytes) {
    if (EVP_DigestUpdate(ctx.get(), buffer.data() + done % kBufferBytes, kRecordBytes) != 1) return 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  if (EVP_DigestFinal_ex(ctx.get(), digest, nullptr) != 1) return 1;
  stretch.print("sha256", bytes);
  return 0;
}
