// SPDX-License-Identifier: Apache-2.0
// OpenSSL's digest; a failure is the library's or memory's, and nothing may go on uncounted: abort.
#include "back/ssh/stream_hash.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace sallyport::back::ssh {

namespace {
struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

void require(int result) {
  if (result != 1) std::abort();
}
}  // namespace

struct StreamHash::State {
  Context running{EVP_MD_CTX_new()};
  Context copy{EVP_MD_CTX_new()};
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) {
  if (!state_->running || !state_->copy) std::abort();
  require(EVP_DigestInit_ex(state_->running.get(), EVP_sha256(), nullptr));
}

StreamHash::~StreamHash() = default;

void StreamHash::update(base::ByteView data) {
  require(EVP_DigestUpdate(state_->running.get(), data.data(), data.size()));
}

std::string StreamHash::so_far() const {
  std::string digest(32, '\0');
  unsigned size = 0;
  require(EVP_MD_CTX_copy_ex(state_->copy.get(), state_->running.get()));
  require(EVP_DigestFinal_ex(state_->copy.get(), reinterpret_cast<unsigned char*>(digest.data()), &size));
  return digest;
}

}  // namespace sallyport::back::ssh
