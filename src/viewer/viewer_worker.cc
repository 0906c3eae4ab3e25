// SPDX-License-Identifier: Apache-2.0
// Entries of a record as lines.
#include "viewer/viewer_worker.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "ipc/viewer.pb.h"
#include "ipc/worker_exit.h"
#include "replay/event_json.h"
#include "replay/proof.h"

namespace sallyport::viewer {

namespace {

using Json = nlohmann::ordered_json;

// One message beside its wrapping.
constexpr std::size_t kLinesBytes = 56 * 1024;
constexpr std::size_t kMostAllowed = std::size_t{4} << 20;
// What a proof may say beside its numbers fits one message.
constexpr std::size_t kMostFindings = 60;
constexpr std::size_t kMostCoverage = 60;
constexpr std::size_t kNameBytes = 64;
constexpr std::size_t kWhereBytes = 100;
constexpr std::size_t kWhatBytes = 400;

// ASCII only, as the command line writes it.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

// What was recorded how, as the seal has it: signed, and readable without a key.
void put_coverage(const recording::RecordInfo& info, ipc::ViewerProof& out) {
  event::Event manifest;
  if (!info.sealed ||
      !manifest.ParseFromArray(info.sealed->manifest.data(), static_cast<int>(info.sealed->manifest.size()))) {
    return;
  }
  const event::SessionEnd& end = manifest.session_end();
  out.set_coverage_shortened(end.shortened() || static_cast<std::size_t>(end.coverage_size()) > kMostCoverage);
  for (const event::ChannelCoverage& line : end.coverage()) {
    if (static_cast<std::size_t>(out.coverage_size()) == kMostCoverage) return;
    event::ChannelCoverage& one = *out.add_coverage();
    one = line;
    one.set_type(base::cut_utf8(line.type(), kNameBytes));
    one.set_coverage(base::cut_utf8(line.coverage(), kNameBytes));
    for (std::string* hash : {one.mutable_up_sha256(), one.mutable_down_sha256(), one.mutable_stderr_sha256()}) {
      if (hash->size() > recording::Hash().size()) hash->clear();
    }
  }
}

}  // namespace

ViewerWorker::ViewerWorker(int broker_fd, const base::Clock& clock)
    : loop_(clock),
      link_(loop_, broker_fd, [this](base::ByteView message, std::span<base::Fd> fds) { on_message(message, fds); }),
      port_(link_) {
  link_.on_clear([this] { read_on(); });
}

void ViewerWorker::on_message(base::ByteView message, std::span<base::Fd> fds) {
  const bool control = static_cast<ipc::MessageKind>(message[0]) == ipc::MessageKind::control;
  if (!control || !take(message.subspan(1), fds)) loop_.stop(ipc::kExitProtocol);
}

bool ViewerWorker::take(base::ByteView bytes, std::span<base::Fd> fds) {
  ipc::BrokerToViewer message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  switch (message.kind_case()) {
    case ipc::BrokerToViewer::kRecord:
      return !recording_ &&
             handed_.take(*message.mutable_record(), {std::move_iterator(fds.begin()), std::move_iterator(fds.end())});
    case ipc::BrokerToViewer::kTask:
      return !recording_ && begin(message.task());
    case ipc::BrokerToViewer::kMore:
      if (!recording_) return false;
      allowed_ = std::min(kMostAllowed, allowed_ + message.more().bytes());
      read_on();
      return true;
    default:
      return false;
  }
}

bool ViewerWorker::begin(const ipc::ViewerTask& task) {
  recording_ = handed_.finish(task.id());
  if (!recording_) return false;
  if (task.what() == ipc::ViewerTask::PROOF) {
    prove();
    return true;
  }
  auto opened = recording::Reader::open(recording_->source, std::move(recording_->keys));
  if (!opened) {
    fail(opened.message());
    return true;
  }
  reader_.emplace(std::move(*opened));
  return true;
}

void ViewerWorker::fail(const std::string& what) {
  over_ = told_ = true;
  ipc::ViewerToBroker message;
  message.mutable_failed()->set_what(base::cut_utf8(what, kWhatBytes));
  port_.send_control(message);
}

void ViewerWorker::prove() {
  const auto report = replay::prove(*recording_);
  if (!report) return fail(report.message());
  over_ = told_ = true;
  ipc::ViewerToBroker message;
  ipc::ViewerProof& out = *message.mutable_proof();
  out.set_sound(report->sound());
  out.set_state(replay::to_string(report->state));
  out.set_signer_trusted(report->signer_trusted);
  out.set_opened(report->opened);
  out.set_chunks(report->chunks);
  out.set_entries(report->entries);
  out.set_tail_frames(report->tail_frames);
  out.set_known_chunks(recording_->known_chunks.size());
  for (const recording::Finding& finding : report->findings) {
    if (static_cast<std::size_t>(out.findings_size()) == kMostFindings) break;
    ipc::ViewerFinding& one = *out.add_findings();
    one.set_fault(finding.severity == recording::Finding::Severity::fault);
    one.set_where(base::cut_utf8(finding.where, kWhereBytes));
    one.set_what(base::cut_utf8(finding.what, kWhatBytes));
  }
  if (report->info) put_coverage(*report->info, out);
  out.set_more_findings(report->findings.size() - static_cast<std::size_t>(out.findings_size()));
  port_.send_control(message);
}

// As much as was allowed, and no more than the broker takes.
void ViewerWorker::read_on() {
  while (reader_ && !told_ && !link_.congested()) {
    if (!over_ && lines_.size() - said_ < kLinesBytes) {
      over_ = !read_one();
      continue;
    }
    if (allowed_ == 0 && said_ < lines_.size()) return;
    say_some();
  }
}

void ViewerWorker::say_some() {
  const std::size_t size = std::min({lines_.size() - said_, kLinesBytes, allowed_});
  ipc::ViewerToBroker message;
  message.mutable_lines()->set_bytes(lines_.data() + said_, size);
  said_ += size;
  allowed_ -= size;
  told_ = over_ && said_ == lines_.size();
  message.mutable_lines()->set_last(told_);
  port_.send_control(message);
  if (said_ < lines_.size()) return;
  lines_.clear();
  said_ = 0;
}

bool ViewerWorker::read_one() {
  auto step = reader_->next();
  if (!step) {
    lines_ += text_of(Json{{"error", step.message()}});
    return false;
  }
  if (std::holds_alternative<recording::End>(*step) || std::holds_alternative<recording::Waiting>(*step)) return false;
  if (const auto* damage = std::get_if<recording::Damage>(&*step)) {
    lines_ += text_of(Json{{"event", "damage"}, {"where", damage->where}, {"what", damage->what}});
    return true;
  }
  const auto& entry = std::get<recording::Entry>(*step);
  if (start_us_ == 0) start_us_ = entry.time_us;
  Json line{{"time_ms", (entry.time_us - start_us_) / 1000}, {"sequence", entry.seq}};
  event::Event event;
  if (entry.hidden) {
    line.update(Json{{"event", "input"}, {"hidden", true}});
  } else if (!event.ParseFromArray(entry.event.data(), static_cast<int>(entry.event.size()))) {
    line.update(Json{{"event", "damage"},
                     {"where", "entry " + std::to_string(entry.seq)},
                     {"what", "is not an event that this version knows"}});
  } else {
    const bool input = entry.kind == recording::EntryKind::input;
    Json told = replay::event_json(event, replay::recorded_direction(event, input));
    // A verdict names the place of what it judges, by the word that is the event's own place here.
    if (told.contains("sequence")) line["judged"] = told["sequence"];
    told.erase("sequence");
    line.update(told);
  }
  lines_ += text_of(line);
  return true;
}

}  // namespace sallyport::viewer
