// SPDX-License-Identifier: Apache-2.0
// One run of a program that the node's administrator configured. Trusted side, main thread: the kernel ends the program
// with the thread that is its parent. It gets a text on standard input, and nothing else of the broker's: no
// descriptor, no environment, no right to become more than it is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/zygote_process.h"
#include "net/loop.h"

namespace sallyport::broker {

class HookProcess {
 public:
  struct Program {
    std::vector<std::string> command;                  ///< executed as it stands, without a shell
    std::optional<ipc::WorkerIdentity> identity = {};  ///< what root drops to; required where the broker is root
    std::int64_t timeout_us = 30'000'000;
  };
  /// done: once, on the loop; empty when the program ended with status 0, else what went wrong. It may destroy this.
  static base::Result<std::unique_ptr<HookProcess>> start(net::Loop& loop, const Program& program,
                                                          const std::string& input,
                                                          std::function<void(const std::string& fault)> done);
  /// Ends the program and what it has started.
  ~HookProcess();
  HookProcess(const HookProcess&) = delete;
  HookProcess& operator=(const HookProcess&) = delete;

 private:
  HookProcess(net::Loop& loop, pid_t pid, base::Fd pidfd, std::function<void(const std::string&)> done);
  void ended();
  bool has_ended() const;
  void kill_all() const;

  const pid_t pid_;  // of a process group of its own
  base::Fd pidfd_;
  std::function<void(const std::string&)> done_;
  bool timed_out_ = false;
  bool reaped_ = false;
  net::Watch watch_;
  net::Timer timeout_;
};

}  // namespace sallyport::broker
