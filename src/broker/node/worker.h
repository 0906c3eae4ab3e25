// SPDX-License-Identifier: Apache-2.0
// The broker's end of one worker: its messages, its queue, its life. Trusted side, on a session loop. Nothing a worker
// says is believed here; this only carries bytes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "broker/node/session_thread.h"
#include "broker/node/zygotes.h"
#include "ipc/event_parts.h"
#include "ipc/message_kind.h"
#include "net/loop.h"

namespace google::protobuf {
class MessageLite;
}

namespace sallyport::broker {

class Worker {
 public:
  /// A queue longer than this makes congested() true: the other leg's events wait.
  static constexpr std::size_t kCongestedBytes = 1024 * 1024;
  /// No well-behaved worker lets this much gather: it is killed.
  static constexpr std::size_t kFatalQueueBytes = 16 * 1024 * 1024;

  struct Events {
    /// One message, or one event that came in several; the view lives until the handler returns. The handler may
    /// destroy the worker.
    std::function<void(ipc::MessageKind kind, base::ByteView payload)> message;
    /// Its socket is at its end and every message was delivered; or it was killed. Once. With what it did wrong, if so.
    std::function<void(const std::string& fault)> ended;
    /// The queue has drained below the mark again.
    std::function<void()> drained;
  };

  Worker(SessionThread& thread, SpawnedWorker spawned);
  ~Worker();  ///< the spawned worker's own end: killed and reaped
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start(Events events);

  /// Queues what the kernel does not take now.
  void send_event(base::ByteView event);
  void send_control(const google::protobuf::MessageLite& message, std::span<const int> fds = {});
  bool congested() const { return queued_bytes_ > kCongestedBytes; }
  /// Stops taking messages, so that the worker feels the back-pressure.
  void hold_reading(bool hold);
  /// Kills it, and takes nothing more of what it said; ended() follows with this fault unless it ended already.
  void kill(const std::string& fault);

  pid_t pid() const { return spawned_.pid; }
  std::shared_ptr<const base::Fd> pidfd() const { return spawned_.pidfd; }

 private:
  struct Queued {
    base::SecretBytes bytes;  // of some: a login step may hold a password
    std::vector<base::Fd> fds;
  };
  void on_readable();
  void on_writable();
  void deliver(ipc::MessageKind kind, base::ByteView payload);
  void send(base::Bytes& scratch, std::span<const int> fds);
  void finish(const std::string& fault);
  std::string fault_of_exit();

  SessionThread& thread_;
  SpawnedWorker spawned_;
  Events events_;
  net::Watch watch_;
  base::Bytes scratch_;
  ipc::EventJoiner joiner_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  bool finished_ = false;
  bool killed_ = false;
  bool held_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
