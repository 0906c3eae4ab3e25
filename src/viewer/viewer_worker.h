// SPDX-License-Identifier: Apache-2.0
// One viewer: decodes one recording and gives back its events as lines of JSON, as far as it is asked, or says whether
// the recording is sound. Untrusted side: what it reads is foreign. It has the key of that recording, its files, and
// nothing else.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "leg/broker_port.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "recording/reader.h"
#include "replay/opened_recording.h"

namespace sallyport::ipc {
class ViewerTask;
}

namespace sallyport::viewer {

class ViewerWorker {
 public:
  /// The clock must outlive the worker.
  ViewerWorker(int broker_fd, const base::Clock& clock);

  /// Until the broker closes the socket; returns the exit status.
  int run() { return loop_.run(); }

 private:
  void on_message(base::ByteView message, std::span<base::Fd> fds);
  /// False: the broker's message makes no sense.
  bool take(base::ByteView bytes, std::span<base::Fd> fds);
  bool begin(const ipc::ViewerTask& task);
  void fail(const std::string& what);
  void prove();
  void read_on();
  /// False: the end, or nothing more now.
  bool read_one();
  void say_some();

  leg::Loop loop_;
  leg::Link link_;
  leg::BrokerPort port_;
  replay::HandedOver handed_;
  std::optional<replay::OpenRecording> recording_;
  std::optional<recording::Reader> reader_;
  base::Micros start_us_ = 0;
  std::string lines_;
  std::size_t said_ = 0;     // of lines_
  std::size_t allowed_ = 0;  // to be said
  bool over_ = false;        // nothing more is read
  bool told_ = false;        // and the broker knows it
};

}  // namespace sallyport::viewer
