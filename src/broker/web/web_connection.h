// SPDX-License-Identifier: Apache-2.0
// One browser's connection, from accept to its end: its front, who is signed in on it, and the request under way.
// Trusted side, on a session loop. It belongs to one sign-in at most, for good: a front that is taken over is that
// user's browser and nothing more.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "broker/access/logins.h"
#include "broker/api/caller.h"
#include "broker/intake/admission.h"
#include "broker/web/answer_line.h"
#include "broker/web/entrance.h"
#include "broker/web/problem.h"
#include "broker/web/recording_view.h"
#include "broker/web/routes.h"
#include "broker/web/sign_in_attempt.h"
#include "broker/web/web_link.h"

namespace sallyport::broker::web {
class TerminalTurn;
}  // namespace sallyport::broker::web

namespace sallyport::broker {

class WebConnection final : public WebOwner, public web::Answered, public std::enable_shared_from_this<WebConnection> {
 public:
  WebConnection(WebEntrance& entrance, SessionThread& thread, base::Fd socket, Arrival arrival);
  ~WebConnection() override;

  /// Begins, on the loop. The connection keeps itself until it is over.
  void start();

 private:
  /// A request from its head to the end of its answer.
  struct Turn {
    ipc::WebRequest asked;
    std::optional<web::BodyTree> body;  // as far as it came
    web::Found found;
    std::shared_ptr<web::AnswerLine> line;
    std::shared_ptr<web::SignInAttempt> attempt;
    std::uint64_t exchange = 0;    // at the API
    std::shared_ptr<void> events;  // listens while it lives
    std::shared_ptr<RecordingView> view;
    unsigned untold = 0;   // changes that the client did not hear of yet
    bool stream = false;   // the answer goes on until somebody ends it
    bool whole = false;    // its body is here
    bool allowed = false;  // who asks is known
    bool answered = false;
  };

  void on_first_byte();
  void start_front(SpawnedWorker spawned);
  void say_goodbye(std::int64_t patience_us);
  void over();

  // WebOwner
  void web_request(ipc::WebRequest& request) override;
  void web_body(ipc::WebBody& body) override;
  void web_frame(ipc::WebFrame& frame) override;
  void web_terminal(ipc::WebToBroker& message) override;
  void web_drained() override;
  void web_ended(const std::string& reason, const std::string& fault) override;
  // Answered
  void answer(const ipc::BrokerToWeb& message) override;
  void answer_ended(std::uint64_t number) override;
  bool congested() const override { return link_->congested(); }

  // What a request may be (connection_checks.cc)
  bool acceptable();
  std::optional<web::Problem> site_problem() const;
  void authenticate();
  void found_sign_in(const SignInPtr& sign_in);
  bool bind(const SignInPtr& sign_in);
  void look_again();
  void sign_in_ended();
  void refuse(const web::Problem& problem, ipc::WebHead head = {});

  // What is done about it (connection_acts.cc)
  void go_on();
  void ask_api();
  void sign_in(bool again);
  void signed_in(const web::SignInAttempt::Outcome& outcome, bool again);
  void who_am_i(unsigned status, ipc::WebHead head = {});
  void sign_out();
  void list_sign_ins();
  void end_sign_in();
  void my_targets();

  // Answers that go on (connection_streams.cc)
  void events();
  void view_recording(RecordingView::What what);
  void begin_stream();
  void stream_beat();
  void tell_change(unsigned topics);
  void say_event(const std::string& text);

  // A terminal in the browser (connection_terminal.cc)
  void connect();

  api::Caller caller() const;
  std::string source_host() const;
  /// From another thread back to this turn, if it is still the one.
  template <class Work>
  auto back(Work work) {
    return
        [weak = weak_from_this(), &loop = thread_.loop(), number = last_number_, work = std::move(work)](auto result) {
          auto held = std::make_shared<decltype(result)>(std::move(result));
          loop.post([weak, number, work, held] {
            const auto self = weak.lock();
            if (self && self->turn_ && !self->turn_->answered && self->last_number_ == number) work(*self, *held);
          });
        };
  }

  WebEntrance& entrance_;
  Services& services_;
  SessionThread& thread_;
  base::Fd socket_;
  Arrival arrival_;
  const bool by_proxy_;
  std::unique_ptr<net::Watch> first_byte_;
  net::Timer deadline_;
  std::unique_ptr<WebLink> link_;
  std::unique_ptr<Turn> turn_;
  std::uint64_t last_number_ = 0;
  unsigned failures_ = 0;
  SignInPtr bound_;
  std::unique_ptr<Admission::Ticket> place_;
  std::unique_ptr<DescriptorBudget::Share> descriptors_;
  std::unique_ptr<Logins::Place> login_place_;
  std::unique_ptr<web::TerminalTurn> terminal_;  // the last that happens here
  bool leaving_ = false;
  bool over_ = false;
  std::shared_ptr<WebConnection> self_;  // until over()
};

}  // namespace sallyport::broker
