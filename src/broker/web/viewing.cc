// SPDX-License-Identifier: Apache-2.0
// The viewer's table, its share, and how long it may be silent.
#include "broker/web/viewing.h"

#include <utility>

#include "base/escape.h"
#include "base/log.h"
#include "broker/node/phase_table.h"

namespace sallyport::broker::web {

namespace {
constexpr std::int64_t kSecondUs = 1'000'000;
// Between two words of one that may speak: a part of a recording is decoded in less than a second.
constexpr std::int64_t kSilenceUs = 60 * kSecondUs;
// A whole recording is read for its proof, without a word.
constexpr std::int64_t kProofUs = 900 * kSecondUs;
constexpr std::size_t kMaxLogText = 512;
}  // namespace

OpenedRecording::~OpenedRecording() {
  for (Part& part : parts) {
    if (!part.message.has_record()) continue;
    ipc::RecordingHandle& record = *part.message.mutable_record();
    base::wipe(record.mutable_session_key()->data(), record.session_key().size());
    base::wipe(record.mutable_input_key()->data(), record.input_key().size());
  }
}

struct Viewing::Table {
  using Message = ipc::ViewerToBroker;
  using Row = Rule<Viewing, Message>;
  static constexpr std::uint8_t kAny = Events_ | Proof | Done;
  static constexpr Row rows[] = {
      {Message::kLines, Events_, Often::many, ipc::kMaxMessageBytes - 1, &Viewing::on_lines, "lines"},
      {Message::kProof, Proof, Often::once, ipc::kMaxMessageBytes - 1, &Viewing::on_proof, "proof"},
      {Message::kFailed, Events_ | Proof, Often::once, 4096, &Viewing::on_failed, "failed"},
      {Message::kLogLine, kAny, Often::once, 4096, &Viewing::on_log_line, "log_line"},
      {Message::kEnded, kAny, Often::once, 4096, &Viewing::on_ended, "ended"},
  };
};

Viewing::Viewing(SessionThread& thread, SpawnedWorker spawned, Events events)
    : events_(std::move(events)), worker_(thread, std::move(spawned)), patience_(thread.loop()) {}

void Viewing::start(OpenedRecording& recording, const ipc::ViewerTask& task) {
  phase_ = task.what() == ipc::ViewerTask::PROOF ? Proof : Events_;
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { ended(fault); }, [] {}});
  for (OpenedRecording::Part& part : recording.parts) {
    std::vector<int> fds;
    for (const base::Fd& fd : part.fds) fds.push_back(fd.get());
    worker_.send_control(part.message, fds);
  }
  ipc::BrokerToViewer message;
  *message.mutable_task() = task;
  worker_.send_control(message);
  await_words();
  go_on();
}

void Viewing::go_on() {
  if (phase_ != Events_ || allowed_ > kShareBytes / 2) return;
  ipc::BrokerToViewer message;
  message.mutable_more()->set_bytes(static_cast<std::uint32_t>(kShareBytes - allowed_));
  allowed_ = kShareBytes;
  worker_.send_control(message);
  await_words();
}

// A reader who takes nothing is another matter: then it may say nothing.
void Viewing::await_words() {
  const bool silent = phase_ == Done || (phase_ == Events_ && allowed_ == 0);
  if (silent) return patience_.cancel();
  patience_.after_us(phase_ == Proof ? kProofUs : kSilenceUs, [this] { worker_.kill("it took too long"); });
}

void Viewing::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind != ipc::MessageKind::control) return worker_.kill("an event of a viewer");
  ipc::ViewerToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return worker_.kill("malformed message");
  }
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return worker_.kill(reason);
  (this->*rule->handle)(message);
}

void Viewing::on_lines(ipc::ViewerToBroker& message) {
  const std::string& bytes = message.lines().bytes();
  const bool last = message.lines().last();
  if (bytes.size() > allowed_) return worker_.kill("more than it was asked for");
  if (bytes.empty() && !last) return worker_.kill("lines without any");
  allowed_ -= bytes.size();
  if (last) phase_ = Done;
  await_words();
  events_.lines(bytes, last);
}

void Viewing::on_proof(ipc::ViewerToBroker& message) {
  phase_ = Done;
  await_words();
  events_.proof(message.proof());
}

void Viewing::on_failed(ipc::ViewerToBroker& message) {
  phase_ = Done;
  await_words();
  events_.failed(message.failed().what());
}

void Viewing::on_log_line(ipc::ViewerToBroker& message) {
  base::log_warning("a viewer says: " + base::escape_for_terminal(message.log_line().text(), kMaxLogText));
}

void Viewing::on_ended(ipc::ViewerToBroker&) {}

void Viewing::ended(const std::string& fault) {
  patience_.cancel();
  if (std::exchange(phase_, Done) != Done) events_.broken(fault);
}

}  // namespace sallyport::broker::web
