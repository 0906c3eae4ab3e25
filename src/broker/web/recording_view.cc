// SPDX-License-Identifier: Apache-2.0
// From the API, by way of a viewer, to the browser.
#include "broker/web/recording_view.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text_time.h"
#include "broker/api/operations.h"
#include "broker/web/entrance.h"
#include "broker/web/view_sink.h"
#include "broker/web/web_sink.h"

namespace sallyport::broker {

namespace {

using Json = nlohmann::ordered_json;

// The viewer's socket and process; the files, until it has them.
constexpr std::size_t kViewerDescriptors = 4;

Json coverage_json(const ipc::ViewerProof& proof) {
  Json out = Json::array();
  for (const event::ChannelCoverage& one : proof.coverage()) {
    Json line = Json::object();
    if (one.channels() == 0) line["channel"] = one.channel();
    if (one.channels() != 0) line["channels"] = one.channels();
    line.update(Json{{"type", one.type()},
                     {"coverage", one.coverage()},
                     {"up_bytes", one.up_bytes()},
                     {"down_bytes", one.down_bytes()},
                     {"stderr_bytes", one.stderr_bytes()},
                     {"up_bulk_bytes", one.up_bulk_bytes()},
                     {"down_bulk_bytes", one.down_bulk_bytes()},
                     {"stderr_bulk_bytes", one.stderr_bulk_bytes()}});
    const auto hash = [&](const char* name, const std::string& bytes) {
      if (!bytes.empty()) line[name] = base::to_hex(base::view(bytes));
    };
    hash("up_sha256", one.up_sha256());
    hash("down_sha256", one.down_sha256());
    hash("stderr_sha256", one.stderr_sha256());
    out.push_back(std::move(line));
  }
  return out;
}

Json proof_json(const ipc::ViewerProof& proof) {
  Json findings = Json::array();
  for (const ipc::ViewerFinding& one : proof.findings()) {
    findings.push_back({{"severity", one.fault() ? "fault" : "note"}, {"where", one.where()}, {"what", one.what()}});
  }
  return Json{{"sound", proof.sound()},
              {"state", proof.state()},
              {"signer_trusted", proof.signer_trusted()},
              {"opened", proof.opened()},
              {"chunks", proof.chunks()},
              {"entries", proof.entries()},
              {"tail_frames", proof.tail_frames()},
              {"known_chunks", proof.known_chunks()},
              {"findings", std::move(findings)},
              {"more_findings", proof.more_findings()},
              {"coverage", coverage_json(proof)},
              {"coverage_shortened", proof.coverage_shortened()}};
}

}  // namespace

std::shared_ptr<RecordingView> RecordingView::make(WebEntrance& entrance, SessionThread& thread,
                                                   std::shared_ptr<web::AnswerLine> line, const std::string& user) {
  auto place = entrance.viewers().enter(user);
  auto descriptors = place ? entrance.gateway().descriptors.take(kViewerDescriptors) : nullptr;
  if (!descriptors) return nullptr;
  std::shared_ptr<RecordingView> out(new RecordingView(entrance, thread, std::move(line)));
  out->place_ = std::move(place);
  out->descriptors_ = std::move(descriptors);
  return out;
}

RecordingView::RecordingView(WebEntrance& entrance, SessionThread& thread, std::shared_ptr<web::AnswerLine> line)
    : entrance_(entrance), thread_(thread), line_(std::move(line)) {}

RecordingView::~RecordingView() = default;

std::uint64_t RecordingView::start(api::Caller caller, ipc::RecordingOpen asked, What what) {
  caller_ = caller;
  task_.set_id(asked.id());
  task_.set_what(what == What::proof ? ipc::ViewerTask::PROOF : ipc::ViewerTask::EVENTS);
  auto sink = std::make_shared<web::ViewSink>(
      line_, [weak = weak_from_this(), &loop = thread_.loop()](std::shared_ptr<web::OpenedRecording> recording) {
        loop.post([weak, recording = std::move(recording)] {
          if (const auto self = weak.lock()) self->opened(recording);
        });
      });
  return entrance_.begin(std::move(caller), std::move(asked), std::move(sink));
}

void RecordingView::opened(const std::shared_ptr<web::OpenedRecording>& recording) {
  facts_ = recording->facts;
  if (task_.what() == ipc::ViewerTask::EVENTS && !recording->has_key) {
    return refuse(403, "no-key",
                  recording->key_problem.empty()
                      ? "this node cannot read the recording: it is encrypted to other recipients; play it where their "
                        "key is"
                      : recording->key_problem);
  }
  entrance_.spawn_viewer(
      [weak = weak_from_this(), &loop = thread_.loop(), recording](base::Result<SpawnedWorker> spawned) {
        auto held = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
        loop.post([weak, recording, held] {
          if (const auto self = weak.lock()) self->show(*held, *recording);
        });
      });
}

void RecordingView::show(base::Result<SpawnedWorker>& spawned, web::OpenedRecording& recording) {
  if (over_) return;
  if (!spawned) return refuse(503, "busy", "no viewer can be started: " + spawned.message());
  viewing_ = std::make_unique<web::Viewing>(
      thread_, std::move(*spawned),
      web::Viewing::Events{
          [this](const std::string& bytes, bool last) { lines(bytes, last); },
          [this](const ipc::ViewerProof& found) { proof(found); },
          [this](const std::string& what) { refuse(409, "damaged", "the recording cannot be read: " + what); },
          [this](const std::string& fault) { broken(fault); }});
  viewing_->start(recording, task_);
}

void RecordingView::lines(const std::string& bytes, bool last) {
  if (over_) return;
  if (!std::exchange(begun_, true)) {
    ipc::BrokerToWeb message;
    ipc::WebHead& head = *message.mutable_head();
    head.set_number(line_->number());
    head.set_status(200);
    head.set_content_type("application/x-ndjson");
    head.set_length(-1);
    line_->send(std::move(message), false);
  }
  ipc::BrokerToWeb message;
  message.mutable_piece()->set_number(line_->number());
  message.mutable_piece()->set_bytes(bytes);
  message.mutable_piece()->set_last(last);
  line_->send(std::move(message), last);
  if (last) return end_viewing();
  // When that has left: the line delivers on this loop, in order.
  thread_.loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->go_on();
  });
}

void RecordingView::go_on() {
  look_again();
  if (!over_ && viewing_ && line_->ready()) viewing_->go_on();
}

void RecordingView::look_again() {
  if (over_ || !caller_.renewed) return;
  const api::Caller now = caller_.renewed(entrance_.services().policy.current()->resources);
  if (api::check_access(now, api::operation_of(ipc::RecordingOpen()))) return;
  if (begun_) return break_off();
  refuse(403, "denied", "you may not see recordings any more");
}

void RecordingView::proof(const ipc::ViewerProof& proof) {
  if (over_) return;
  const Json out{{"recording", Json::parse(facts_)},
                 {"verified_at", base::to_rfc3339(entrance_.services().clock.now_us())},
                 {"verification", proof_json(proof)}};
  // The viewer's words are foreign, and may be no UTF-8.
  web::send_whole(*line_, 200, "application/json", out.dump(-1, ' ', false, Json::error_handler_t::replace));
  end_viewing();
}

void RecordingView::refuse(unsigned status, const std::string& code, const std::string& detail) {
  if (over_) return;
  if (begun_) return break_off();
  web::send_problem(*line_, {status, code, detail, status == 503 ? 2U : 0U});
  end_viewing();
}

// It is in the audit log, and whoever asked hears that this was not all.
void RecordingView::broken(const std::string& fault) {
  if (over_) return;
  entrance_.services().audit.write({"worker.fault",
                                    caller_.actor,
                                    task_.id(),
                                    {{"worker", "viewer"}, {"fault", fault.empty() ? "it ended" : fault}}});
  if (begun_) return break_off();
  refuse(503, "viewer-ended",
         "the process that decodes this recording ended before it was done; the audit log says why");
}

void RecordingView::break_off() {
  ipc::BrokerToWeb message;
  message.mutable_piece()->set_number(line_->number());
  message.mutable_piece()->set_last(true);
  message.mutable_piece()->set_broken(true);
  line_->send(std::move(message), true);
  end_viewing();
}

void RecordingView::end_viewing() {
  over_ = true;
  thread_.loop().post([self = shared_from_this()] { self->viewing_.reset(); });
}

}  // namespace sallyport::broker
