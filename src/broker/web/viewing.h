// SPDX-License-Identifier: Apache-2.0
// One viewer at work for one request: what it may say and when. Trusted side, on a session loop. It is handed the files
// and the key of one recording; what comes back is foreign text for the one who asked, and is not looked into.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "broker/node/worker.h"
#include "ipc/viewer.pb.h"
#include "net/loop.h"

namespace sallyport::broker::web {

/// A recording as the API opened it: messages for the viewer, each with its descriptors. Keys in it are wiped.
struct OpenedRecording {
  struct Part {
    ipc::BrokerToViewer message;
    std::vector<base::Fd> fds;
  };
  std::vector<Part> parts;
  std::string facts;        ///< its JSON object
  bool has_key = false;     ///< that this node can unwrap
  std::string key_problem;  ///< why there is none although there should be

  OpenedRecording() = default;
  ~OpenedRecording();
  OpenedRecording(const OpenedRecording&) = delete;
  OpenedRecording& operator=(const OpenedRecording&) = delete;
};

class Viewing {
 public:
  /// What it may say before somebody has taken it.
  static constexpr std::size_t kShareBytes = 256 * 1024;

  /// Each may destroy the viewing.
  struct Events {
    /// Some of the answer; last: all of it is there.
    std::function<void(const std::string& bytes, bool last)> lines;
    std::function<void(const ipc::ViewerProof& proof)> proof;
    /// The recording cannot be read at all.
    std::function<void(const std::string& what)> failed;
    /// It ended before it was done; fault: what it did that a viewer never does, or that it took too long.
    std::function<void(const std::string& fault)> broken;
  };
  Viewing(SessionThread& thread, SpawnedWorker spawned, Events events);

  void start(OpenedRecording& recording, const ipc::ViewerTask& task);
  /// What it said was taken: it may say more.
  void go_on();

  // Handlers of the table.
  void on_lines(ipc::ViewerToBroker& message);
  void on_proof(ipc::ViewerToBroker& message);
  void on_failed(ipc::ViewerToBroker& message);
  void on_log_line(ipc::ViewerToBroker& message);
  void on_ended(ipc::ViewerToBroker& message);

 private:
  enum Phase : std::uint8_t { Events_ = 1, Proof = 2, Done = 4 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);
  void ended(const std::string& fault);
  void await_words();

  const Events events_;
  Worker worker_;
  net::Timer patience_;
  Phase phase_ = Events_;
  std::uint32_t seen_ = 0;
  std::size_t allowed_ = 0;  // and not said yet
};

}  // namespace sallyport::broker::web
