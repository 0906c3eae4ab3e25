// SPDX-License-Identifier: Apache-2.0
// The life of a browser's connection.
#include "broker/web/web_connection.h"

#include <sys/socket.h>

#include <utility>

#include "base/log.h"
#include "broker/web/terminal_turn.h"
#include "ipc/web.pb.h"

namespace sallyport::broker {

namespace {
constexpr std::int64_t kSecondUs = 1'000'000;
// A browser that is signed in and asks for nothing: its next request makes a new connection.
constexpr std::int64_t kIdleUs = 60 * kSecondUs;
constexpr std::int64_t kGoodbyeUs = 2 * kSecondUs;
}  // namespace

WebConnection::WebConnection(WebEntrance& entrance, SessionThread& thread, base::Fd socket, Arrival arrival)
    : entrance_(entrance),
      services_(entrance.services()),
      thread_(thread),
      socket_(std::move(socket)),
      arrival_(std::move(arrival)),
      by_proxy_(entrance.is_trusted_proxy(arrival_.source_host)),
      deadline_(thread.loop()) {}

WebConnection::~WebConnection() = default;

// A connection that says nothing costs a descriptor and no process.
void WebConnection::start() {
  self_ = shared_from_this();
  deadline_.after_us(std::int64_t{services_.config.limits.preauth_seconds} * kSecondUs,
                     [this] { say_goodbye(kGoodbyeUs); });
  first_byte_ = std::make_unique<net::Watch>(thread_.loop(), socket_.get());
  first_byte_->on_readable([this] {
    first_byte_->enable_read(false);
    thread_.loop().post([self = shared_from_this()] { self->on_first_byte(); });
  });
  first_byte_->enable_read(true);
}

void WebConnection::on_first_byte() {
  if (over_) return;
  first_byte_.reset();
  char byte = 0;
  if (::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) return over();
  entrance_.spawn_front(std::move(socket_), [self = shared_from_this()](base::Result<SpawnedWorker> spawned) {
    auto holder = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
    self->thread_.loop().post([self, holder] {
      if (self->over_) return;
      if (!*holder) {
        base::log_warning("no web front for " + self->arrival_.source + ": " + holder->message());
        return self->over();
      }
      self->start_front(std::move(**holder));
    });
  });
}

void WebConnection::start_front(SpawnedWorker spawned) {
  link_ = std::make_unique<WebLink>(thread_, std::move(spawned), *this, entrance_.identity().current());
  link_->start(by_proxy_ ? WebLink::Peer::proxy : WebLink::Peer::client);
}

void WebConnection::say_goodbye(std::int64_t patience_us) {
  if (!link_) return over();
  if (!std::exchange(leaving_, true)) {
    ipc::BrokerToWeb message;
    message.mutable_goodbye();
    link_->send(message);
  }
  deadline_.after_us(patience_us, [this] { link_->kill(""); });
}

void WebConnection::web_request(ipc::WebRequest& request) {
  if (turn_ || request.number() != last_number_ + 1) return link_->kill("a request out of turn");
  last_number_ = request.number();
  if (bound_) deadline_.cancel();
  turn_ = std::make_unique<Turn>();
  turn_->asked.Swap(&request);
  turn_->body.emplace(turn_->asked.body_bytes());
  turn_->whole = turn_->asked.body_bytes() == 0;
  turn_->line = std::make_shared<web::AnswerLine>(services_.main_loop, thread_.loop(),
                                                  std::weak_ptr<web::Answered>(shared_from_this()), last_number_);
  if (acceptable()) go_on();
}

void WebConnection::web_body(ipc::WebBody& body) {
  if (body.number() != last_number_) return link_->kill("a part of no request");
  // It was answered before all of it was here: the rest is of no interest.
  if (!turn_ || turn_->answered) return;
  if (turn_->whole) return link_->kill("a part after the last");
  if (auto taken = turn_->body->take(body); !taken) return link_->kill(taken.message());
  turn_->whole = body.last();
  if (turn_->whole && turn_->allowed) go_on();
}

void WebConnection::web_frame(ipc::WebFrame&) {
  // A watcher has nothing to say. What comes was read, bounded, and is dropped.
  if (!turn_ || !turn_->stream) link_->kill("a frame without a WebSocket");
}

void WebConnection::web_drained() {
  if (terminal_) return terminal_->drained();
  if (!turn_) return;
  turn_->line->drained();
  if (turn_->events != nullptr) tell_change(0);
  if (turn_->view) turn_->view->go_on();
}

void WebConnection::answer(const ipc::BrokerToWeb& message) {
  link_->send(message);
}

void WebConnection::answer_ended(std::uint64_t number) {
  if (!turn_ || turn_->line->number() != number) return;
  if (turn_->exchange != 0) entrance_.end(turn_->exchange);
  turn_.reset();
  if (leaving_) return;
  if (bound_ && !entrance_.sign_ins().counts(*bound_)) return say_goodbye(kGoodbyeUs);
  if (bound_) deadline_.after_us(kIdleUs, [this] { say_goodbye(kGoodbyeUs); });
}

void WebConnection::web_ended(const std::string& reason, const std::string& fault) {
  deadline_.cancel();
  if (terminal_) return terminal_->front_gone(reason, fault);
  if (!fault.empty()) {
    services_.audit.write({"worker.fault",
                           bound_ ? bound_->row.user : "",
                           "",
                           {{"worker", "front-web"}, {"source", arrival_.source}, {"fault", fault}}});
  } else {
    base::log_debug("web front of " + arrival_.source + ": " + reason);
  }
  over();
}

void WebConnection::over() {
  if (over_) return;
  over_ = true;
  deadline_.cancel();
  if (turn_) {
    turn_->line->hang_up();
    if (turn_->attempt) turn_->attempt->abandon();
    if (turn_->exchange != 0) entrance_.end(turn_->exchange);
  }
  login_place_.reset();
  place_.reset();
  descriptors_.reset();
  arrival_.ticket.reset();
  // Whoever called may stand on our own callbacks.
  thread_.loop().post([keep = std::exchange(self_, nullptr)] {
    if (!keep) return;
    keep->turn_.reset();
    keep->terminal_.reset();
  });
}

}  // namespace sallyport::broker
