// SPDX-License-Identifier: Apache-2.0
// session watch: the live feed to a client, at the client's pace. The feed is the only buffer: a slow watcher misses
// events and is told so; nobody waits for it. What the user typed is not in the feed and is never sent.
#include <atomic>

#include "broker/api/handlers.h"
#include "broker/api/session_sight.h"

namespace sallyport::broker::api {
namespace {

constexpr std::size_t kBatchBytes = 128 * 1024;
constexpr std::size_t kPieceBytes = 60 * 1024;  // of one event; the wrapping fits beside it
constexpr std::int64_t kStateUs = 200'000;      // how often the session's state is looked at
constexpr base::Micros kUnreadUs = 5'000'000;   // whoever reads nothing for so long supervises nothing
constexpr std::int64_t kAuditUs = 600'000;      // a stalled disk does not blind the watcher: the event is queued

class Watching final : public Activity {
 public:
  Watching(Exchange& exchange, std::shared_ptr<SessionHandle> session)
      : exchange_(exchange), session_(std::move(session)), timer_(exchange.services().main_loop) {}

  ~Watching() override {
    if (token_ == 0) return;
    session_->feed().unsubscribe(token_);
    leave();
  }

  // The watch is in the audit log, or queued for it, before anything is shown.
  void start() {
    const auto self = exchange_.shared_from_this();
    exchange_.services().audit.write(exchange_.event("admin.session-watch", session_->info().id),
                                     [self](base::Status written) {
                                       self->post([written = std::move(written)](Exchange& e) {
                                         if (auto* watching = static_cast<Watching*>(e.activity())) {
                                           watching->audited(written);
                                         }
                                       });
                                     });
    timer_.after_us(kAuditUs, [this] { begin(); });
  }

 private:
  void audited(const base::Status& written) {
    if (token_ != 0) return;
    if (!written) {
      timer_.cancel();
      return exchange_.fail(written.error());
    }
    begin();
  }

  void begin() {
    const std::weak_ptr<Exchange> weak = exchange_.weak_from_this();
    net::Loop& loop = exchange_.services().main_loop;
    // Runs under the feed's lock on the session's loop: it may only wake us, and once is enough until we looked.
    token_ = session_->feed().subscribe([weak, &loop, waking = waking_] {
      if (waking->exchange(true)) return;
      loop.post([weak, waking] {
        waking->store(false);
        const auto exchange = weak.lock();
        if (!exchange) return;
        if (auto* watching = static_cast<Watching*>(exchange->activity())) watching->pump();
      });
    });
    join();
    look_at_state();
    pump();
  }

  void join() {
    if (watch_ != 0) return;
    const auto state = exchange_.services().policy.current();
    watch_ = session_->watcher_joined(supervisor_of(exchange_.caller()), state->resources);
  }

  void leave() {
    if (watch_ != 0) session_->watcher_left(std::exchange(watch_, 0));
  }

  // Watching means reading.
  void look_at_reader() {
    const base::Micros now = exchange_.services().clock.monotonic_us();
    if (exchange_.ready()) {
      read_us_ = now;
      join();
    } else if (now - read_us_ > kUnreadUs) {
      leave();
    }
  }

  void look_at_state() {
    if (!exchange_.may_go_on()) return leave();
    if (!may_watch(exchange_, *session_)) {
      leave();
      return exchange_.fail({base::Errc::denied, "you may not watch this session any more"});
    }
    look_at_reader();
    send_state();
    if (!exchange_.finished()) timer_.after_us(kStateUs, [this] { look_at_state(); });
  }

  void send_state() {
    std::string state = to_string(session_->info().state);
    // The gate is shut at once; the session's own loop may take longer to say so.
    if (state == "live" && session_->gate_shut()) state = session_->terminating() ? "ended" : "paused";
    if (state == state_ || !exchange_.ready()) return;
    state_ = state;
    ipc::WatchEvent out;
    out.set_time_us(exchange_.services().clock.now_us());
    out.set_state(state_);
    exchange_.watch_event(out);
  }

  // The client has not read what it was sent.
  void wait() {
    exchange_.when_ready([](Exchange& e) {
      if (auto* watching = static_cast<Watching*>(e.activity())) watching->pump();
    });
  }

  void pump() {
    for (int i = 0; i < 8; ++i) {  // a flood must not keep the loop from others
      if (!exchange_.open()) return;
      if (!exchange_.ready()) return wait();
      const LiveFeed::Batch batch = session_->feed().after(seq_, kBatchBytes);
      if (batch.lost) send_gap();
      for (const FeedEntry& entry : batch.keyframes) send_entry(entry);
      if (batch.gap) send_gap();
      for (const FeedEntry& entry : batch.entries) send_entry(entry);
      seq_ = batch.up_to;
      if (!batch.empty()) continue;
      if (batch.closed) finish();
      return;
    }
    if (!waking_->exchange(true)) {
      exchange_.post([waking = waking_](Exchange& e) {
        waking->store(false);
        if (auto* watching = static_cast<Watching*>(e.activity())) watching->pump();
      });
    }
  }

  void send_gap() {
    ipc::WatchEvent out;
    out.set_time_us(exchange_.services().clock.now_us());
    out.set_gap(true);
    exchange_.watch_event(out);
  }

  void send_entry(const FeedEntry& entry) {
    base::ByteView rest = *entry.event;
    do {
      const base::ByteView piece = rest.first(std::min(rest.size(), kPieceBytes));
      rest = rest.subspan(piece.size());
      ipc::WatchEvent out;
      out.set_time_us(entry.at.time_us);
      out.set_sequence(entry.at.sequence);
      out.set_up(entry.up);
      out.set_more(!rest.empty());
      out.set_event(piece.data(), piece.size());
      exchange_.watch_event(out);
    } while (!rest.empty());
  }

  void finish() {
    timer_.cancel();
    state_.clear();
    ipc::WatchEvent out;
    out.set_time_us(exchange_.services().clock.now_us());
    out.set_state("ended");
    exchange_.watch_event(out);
    exchange_.done();
  }

  Exchange& exchange_;  // owns this
  std::shared_ptr<SessionHandle> session_;
  net::Timer timer_;
  std::shared_ptr<std::atomic<bool>> waking_ = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t token_ = 0;
  std::uint64_t watch_ = 0;  // among those who watch
  base::Micros read_us_ = exchange_.services().clock.monotonic_us();
  std::uint64_t seq_ = 0;
  std::string state_;
};

}  // namespace

void session_watch(const ExchangePtr& exchange, ipc::SessionWatch& asked) {
  const std::string id = asked.id();
  auto session = exchange->services().sessions.find(id);
  if (!session || !may_watch(*exchange, *session)) {
    return exchange->fail({base::Errc::not_found, "there is no live session " + id});
  }
  auto watching = std::make_unique<Watching>(*exchange, std::move(session));
  Watching& started = *watching;
  exchange->keep(std::move(watching));
  started.start();
}

}  // namespace sallyport::broker::api
