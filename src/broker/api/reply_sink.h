// SPDX-License-Identifier: Apache-2.0
// Where the answer to a request goes: the way by which the request came implements it. Trusted side, on the main loop.
// A sink holds little: whoever has much to say sends while ready(), then waits for when_ready().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::ipc {
class RecordingHandle;
class WatchEvent;
}  // namespace sallyport::ipc

namespace sallyport::broker::api {

/// One of the things that an answer lists.
struct Item {
  std::string json;          ///< an object
  std::int64_t version = 0;  ///< of a resource; else 0
};

class ReplySink {
 public:
  virtual ~ReplySink() = default;

  /// Whether somebody is still there to be answered. Once false, it stays so, and what is sent goes nowhere.
  virtual bool open() const = 0;
  /// Whether what was sent so far has gone.
  virtual bool ready() const = 0;
  /// Calls back once, from the loop and never from within this call, when it is ready; replaces an earlier one.
  virtual void when_ready(std::function<void()> callback) = 0;

  // Any number of these. Errors: full, when it is longer than this way can carry.
  virtual base::Status item(const Item& item) = 0;
  virtual base::Status watch_event(const ipc::WatchEvent& event) = 0;
  virtual base::Status recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) = 0;

  // Exactly one of these, and nothing after it.
  /// Errors: full; then the answer has not ended.
  virtual base::Status done(const std::string& json) = 0;
  virtual void fail(const base::Error& error) = 0;
};

}  // namespace sallyport::broker::api
