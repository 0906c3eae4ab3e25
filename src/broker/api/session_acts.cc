// SPDX-License-Identifier: Apache-2.0
// The acts on a live session. A stalled disk holds up none of them.
#include <nlohmann/json.hpp>

#include "broker/api/handlers.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxMessageText = 4096;
// An act is carried out on the session's loop; one that hangs in a disk gets no longer than this.
constexpr std::int64_t kTerminateUs = 500'000;
constexpr std::int64_t kAnswerUs = 900'000;
// A loosening act waits for its audit event, but not for a disk that does not answer: the event stays queued.
constexpr std::int64_t kAuditUs = 600'000;

bool restricts(ControlAction action) {
  return action == ControlAction::pause || action == ControlAction::suspend || action == ControlAction::terminate;
}

// One act under way: it is answered by the session's loop, or when that takes too long.
class Act final : public Activity {
 public:
  Act(Exchange& exchange, std::shared_ptr<SessionHandle> session, ControlAction action, std::string text)
      : exchange_(exchange),
        session_(std::move(session)),
        action_(action),
        text_(std::move(text)),
        audit_timer_(exchange.services().main_loop),
        answer_timer_(exchange.services().main_loop) {}

  // A client that leaves in the middle of a terminate does not take it back.
  ~Act() override {
    if (action_ == ControlAction::terminate && running_ && !answered_) session_->force_kill();
  }

  void start() {
    if (restricts(action_)) run(kAnswerUs);
    // The order; the session itself notes what came of it as session.pause and so on.
    audit::Event event = exchange_.event("admin.session-control", session_->info().id);
    event.fields = {{"action", std::string(to_string(action_))}, {"text", text_}};
    const auto self = exchange_.shared_from_this();
    // What is done already is only to be told of.
    if (restricts(action_)) return exchange_.services().audit.write(std::move(event));
    exchange_.services().audit.write(std::move(event), [self](base::Status written) {
      self->post([written = std::move(written)](Exchange& e) {
        if (auto* act = static_cast<Act*>(e.activity())) act->audited(written);
      });
    });
    audit_timer_.after_us(kAuditUs, [this] { run(kAnswerUs - kAuditUs); });
  }

 private:
  void audited(const base::Status& written) {
    if (running_) return;
    audit_timer_.cancel();
    if (!written) return exchange_.fail(written.error());
    run(kAnswerUs);
  }

  // answer_us: what is left of the time in which the client is answered.
  void run(std::int64_t answer_us) {
    if (running_) return;
    running_ = true;
    const auto self = exchange_.shared_from_this();
    if (action_ == ControlAction::terminate) {
      answer_timer_.after_us(kTerminateUs, [this] {
        session_->force_kill();
        answer_timer_.after_us(kAnswerUs - kTerminateUs, [this] { late(); });
      });
    } else {
      answer_timer_.after_us(answer_us, [this] { late(); });
    }
    session_->control({action_, exchange_.caller().actor, text_}, [self](base::Status done) {
      self->post([done = std::move(done)](Exchange& e) {
        if (auto* act = static_cast<Act*>(e.activity())) act->carried_out(done);
      });
    });
  }

  void carried_out(const base::Status& done) {
    if (answered_) return;
    if (done) return answer("done");
    answered_ = true;
    answer_timer_.cancel();
    exchange_.fail(done.error());
  }

  void late() { answer(restricts(action_) ? "in force; the session's loop has not answered yet" : "under way"); }

  void answer(const char* outcome) {
    answered_ = true;
    answer_timer_.cancel();
    const SessionInfo info = session_->info();
    exchange_.done(
        Json{{"id", info.id}, {"action", to_string(action_)}, {"state", to_string(info.state)}, {"outcome", outcome}}
            .dump());
  }

  Exchange& exchange_;  // owns this
  std::shared_ptr<SessionHandle> session_;
  ControlAction action_;
  std::string text_;
  net::Timer audit_timer_;
  net::Timer answer_timer_;
  bool running_ = false;
  bool answered_ = false;
};

}  // namespace

void session_control(const ExchangePtr& exchange, ipc::SessionControl& asked) {
  auto action = control_action_from(asked.action());
  if (!action) return exchange->fail(action.error());
  if (*action == ControlAction::reauthenticated) {
    return exchange->fail({base::Errc::invalid, "only the user can authenticate again"});
  }
  if (asked.text().size() > kMaxMessageText) {
    return exchange->fail({base::Errc::full, "a text has at most " + std::to_string(kMaxMessageText) + " bytes"});
  }
  if (*action == ControlAction::message && asked.text().empty()) {
    return exchange->fail({base::Errc::invalid, "a message needs a text"});
  }
  auto session = exchange->services().sessions.find(asked.id());
  if (!session) return exchange->fail({base::Errc::not_found, "there is no live session " + asked.id()});
  auto act = std::make_unique<Act>(*exchange, std::move(session), *action, asked.text());
  Act& started = *act;
  exchange->keep(std::move(act));
  started.start();
}

}  // namespace sallyport::broker::api
