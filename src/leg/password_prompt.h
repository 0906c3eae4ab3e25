// SPDX-License-Identifier: Apache-2.0
// Reads one line without echo on a user's terminal. Untrusted side; pure. Keeps nothing after it was taken.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace sallyport::leg {

class PasswordPrompt {
 public:
  static constexpr std::size_t kMaxBytes = 1024;

  PasswordPrompt() : line_(kMaxBytes) {}
  PasswordPrompt(PasswordPrompt&&) = default;
  PasswordPrompt& operator=(PasswordPrompt&&) = default;

  /// True once a line is complete; bytes behind its end are dropped, and so is everything until take().
  bool input(base::ByteView keys);
  /// The line; wiped when it goes. Another may be read afterwards.
  base::SecretBytes take();

 private:
  base::SecretBytes line_;
  std::size_t used_ = 0;
  bool complete_ = false;
};

}  // namespace sallyport::leg
