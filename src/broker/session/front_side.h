// SPDX-License-Identifier: Apache-2.0
// A session's user side, whatever protocol the user speaks. Trusted side, on a session loop. What the front says comes
// to the connection, which passes on what concerns the session.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace sallyport::ipc {
class BulkStart;
class Credit;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// Text that the user is shown now.
struct Notice {
  std::string text;
  std::optional<std::uint32_t> channel = {};  ///< only there
  /// waits: for its target. The text is shown wherever a program waits for it, now or later.
  enum class Session { as_it_was, goes_on, waits } session = Session::as_it_was;
  std::string request = {};  ///< the code of the request for access that it waits for; empty: of none
};

/// Whether a question for a password is the first of its kind or follows a wrong answer.
enum class Asked { first, again };
/// How long the front has to bring what it holds to the user.
enum class Goodbye { brief, until_drained };

/// What the target said before the session began.
struct TargetGreeting {
  std::string text;
  enum class Shown { everywhere, on_terminals } shown = Shown::everywhere;
};

class FrontSide {
 public:
  virtual ~FrontSide() = default;

  /// The target is there: what the user asks for reaches it from now on.
  virtual void ready(const TargetGreeting& greeting) = 0;
  /// No session: the user is shown why, and the connection ends.
  virtual void refuse(const std::string& text) = 0;
  virtual void tell(const Notice& notice) = 0;
  virtual void ask_password(const std::string& prompt, Asked asked) = 0;
  /// The session is over: the user is shown the text, and the connection ends.
  virtual void terminate(const std::string& text, Goodbye goodbye) = 0;

  virtual void send_event(base::ByteView event) = 0;
  virtual void send_credit(const ipc::Credit& credit) = 0;
  virtual void send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) = 0;
  /// Has the front keep its events, or send them again; what is no event still comes.
  virtual void hold_events(bool hold) = 0;
  virtual void hold_reading(bool hold) = 0;
  virtual bool congested() const = 0;
  /// Ends the worker; fault: what it did wrong, empty when nothing.
  virtual void kill(const std::string& fault) = 0;
  virtual std::shared_ptr<const base::Fd> pidfd() const = 0;
  virtual pid_t pid() const = 0;
};

}  // namespace sallyport::broker
