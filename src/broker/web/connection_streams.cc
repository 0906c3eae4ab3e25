// SPDX-License-Identifier: Apache-2.0
// Answers that go on: what changes, as server-sent events; and what keeps a sign-in alive meanwhile.
#include <utility>

#include "broker/web/change_feed.h"
#include "broker/web/web_connection.h"

namespace sallyport::broker {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
// So often a stream shows that it lives, and whether it may.
constexpr std::int64_t kBeatUs = 15 * kSecondUs;

}  // namespace

// Looked at by a person, it counts as use.
void WebConnection::stream_beat() {
  if (over_ || !turn_ || !turn_->stream) return;
  if (!entrance_.sign_ins().counts(*bound_)) return sign_in_ended();
  entrance_.sign_ins().note_use(*bound_);
  if (turn_->events != nullptr && turn_->line->ready()) say_event(": \n\n");
  deadline_.after_us(kBeatUs, [this] { stream_beat(); });
}

void WebConnection::begin_stream() {
  turn_->stream = true;
  deadline_.after_us(kBeatUs, [this] { stream_beat(); });
}

void WebConnection::events() {
  turn_->answered = true;
  ipc::BrokerToWeb message;
  ipc::WebHead& head = *message.mutable_head();
  head.set_number(last_number_);
  head.set_status(200);
  head.set_content_type("text/event-stream");
  head.set_length(-1);
  turn_->line->send(std::move(message), false);
  begin_stream();
  say_event("retry: 3000\n\n");
  turn_->events =
      entrance_.listen([weak = weak_from_this(), &loop = thread_.loop(), number = last_number_](unsigned topics) {
        loop.post([weak, number, topics] {
          const auto self = weak.lock();
          if (self && self->turn_ && self->last_number_ == number) self->tell_change(topics);
        });
      });
}

void WebConnection::view_recording(RecordingView::What what) {
  web::Inputs inputs(turn_->asked, std::move(*turn_->body), turn_->found.places);
  auto asked = std::get<ipc::RecordingOpen>(turn_->found.route->make(inputs));
  if (auto good = inputs.finish(); !good) return refuse(web::problem_of(good.error()));
  auto view = RecordingView::make(entrance_, thread_, turn_->line, bound_->row.user);
  if (!view) return refuse({503, "busy", "too many recordings are open at this moment: close some, then try again", 5});
  turn_->answered = true;  // by the view, from here on
  turn_->view = view;
  begin_stream();
  turn_->exchange = view->start(caller(), std::move(asked), what);
}

// A browser that does not read hears of all of it at once, later.
void WebConnection::tell_change(unsigned topics) {
  turn_->untold |= topics;
  if (turn_->untold == 0 || !turn_->line->ready()) return;
  say_event(web::events_text(std::exchange(turn_->untold, 0U)));
}

void WebConnection::say_event(const std::string& text) {
  ipc::BrokerToWeb message;
  message.mutable_piece()->set_number(last_number_);
  message.mutable_piece()->set_bytes(text);
  turn_->line->send(std::move(message), false);
}

}  // namespace sallyport::broker
