// SPDX-License-Identifier: Apache-2.0
// Keeps one zygote of a kind running and has it fork workers. Trusted side, main thread only (a worker's parent must be
// a thread that lives as long as the broker); requests may come from any thread.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/zygote_process.h"
#include "net/loop.h"

namespace sallyport::broker {

/// A fresh worker: the broker's end of its socket, and the handle to wait for it and kill it.
/// Owned: whoever drops it kills the worker and reaps it, wherever on its way it is.
struct SpawnedWorker {
  SpawnedWorker(pid_t number, base::Fd process, base::Fd messages)
      : pid(number), pidfd(std::make_shared<const base::Fd>(std::move(process))), socket(std::move(messages)) {}
  SpawnedWorker(SpawnedWorker&&) = default;
  SpawnedWorker& operator=(SpawnedWorker&&) = delete;
  ~SpawnedWorker();

  pid_t pid;
  std::shared_ptr<const base::Fd> pidfd;  ///< shared with those who may kill it
  base::Fd socket;
};

/// Where workers of one kind come from.
class WorkerSource {
 public:
  virtual ~WorkerSource() = default;
  /// Forks a worker that owns the peer socket, or has no peer when there is none. done() is called once, on the main
  /// thread. Any thread may call.
  virtual void spawn(base::Fd peer, std::function<void(base::Result<SpawnedWorker>)> done) = 0;
};

class Zygotes final : public WorkerSource {
 public:
  /// After this many forks a zygote is replaced: its workers stay, its heap and its random state do not.
  static constexpr unsigned kForksPerZygote = 2000;

  /// folder: what the program reads before its sandbox closes; empty: none.
  Zygotes(net::Loop& main_loop, std::string program, std::optional<ipc::WorkerIdentity> identity,
          std::string folder = {});
  ~Zygotes() override;

  /// Starts the first zygote and waits until it is ready. Errors: what the sandbox said, with the remedy.
  base::Status start();

  void spawn(base::Fd peer, std::function<void(base::Result<SpawnedWorker>)> done) override;

 private:
  struct Pending {
    base::Fd peer;
    std::function<void(base::Result<SpawnedWorker>)> done;
  };
  struct Zygote;

  base::Status launch();
  void request(Pending pending);
  void on_readable(Zygote* zygote);
  void on_reply(Zygote* zygote, base::ByteView message);
  void lost(Zygote* zygote, const std::string& why);
  void reap_unadopted();

  net::Loop& main_loop_;
  std::string program_;
  std::optional<ipc::WorkerIdentity> identity_;
  std::string folder_;
  std::shared_ptr<Zygote> current_;
  std::shared_ptr<Zygote> next_;  // starting up, to replace current_
  std::deque<Pending> waiting_;   // no zygote is ready
  std::vector<pid_t> unadopted_;
  net::Timer retry_;
};

}  // namespace sallyport::broker
