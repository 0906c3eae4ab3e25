// SPDX-License-Identifier: Apache-2.0
// What an administrator says of a change beside the change itself. Trusted side; the text is the caller's.
#pragma once

#include <string>

namespace sallyport::broker::api {

/// What the caller says beside the change itself.
struct Wish {
  std::string reason = {};
  std::string emergency = {};  ///< why it cannot wait; empty: it can
};

/// Of any message that has both.
template <class Message>
Wish wish_of(const Message& asked) {
  return {asked.reason(), asked.emergency()};
}

}  // namespace sallyport::broker::api
