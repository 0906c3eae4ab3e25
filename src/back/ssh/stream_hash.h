// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a growing stream, whose digest so far can be taken at any time. Untrusted side.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"

namespace sallyport::back::ssh {

class StreamHash {
 public:
  StreamHash();
  ~StreamHash();
  StreamHash(const StreamHash&) = delete;
  StreamHash& operator=(const StreamHash&) = delete;

  void update(base::ByteView data);
  /// Of all bytes so far; the stream goes on. 32 bytes.
  std::string so_far() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::back::ssh
