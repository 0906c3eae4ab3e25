// SPDX-License-Identifier: Apache-2.0
// Appending, and the jobs that follow from it.
#include "broker/record/record_keeper.h"

#include "base/log.h"

namespace sallyport::broker {

namespace {
constexpr std::int64_t kSyncPeriodUs = 1'000'000;  // what a power cut may cost
}

struct RecordKeeper::State : std::enable_shared_from_this<RecordKeeper::State> {
  State(Services& s, RecordThreadState& r, net::Loop& l, std::unique_ptr<recording::Writer> w, std::string id, Events e)
      : services(s),
        record_state(r),
        loop(l),
        writer(std::move(w)),
        session(std::move(id)),
        events(std::move(e)),
        sync_timer(l) {}

  Services& services;
  RecordThreadState& record_state;
  net::Loop& loop;
  std::unique_ptr<recording::Writer> writer;
  const std::string session;
  Events events;
  net::Timer sync_timer;
  bool job_out = false, sync_waiting = false, failed = false, gone = false;
  std::function<void()> after_job;  // the closing, which waits for its turn

  void fail(const std::string& why) {
    if (failed) return;
    failed = true;
    base::log_error("session " + session + ": recording stopped: " + why);
    if (!gone && events.failed) events.failed(why);
  }

  // Runs a job on the record thread and finishes it here.
  void run(std::unique_ptr<recording::Job> job, std::function<void(const base::Result<recording::JobOutcome>&)> done) {
    auto holder = std::make_shared<std::unique_ptr<recording::Job>>(std::move(job));
    services.record_thread.post([self = shared_from_this(), holder, done = std::move(done)] {
      (void)(*holder)->run(self->record_state.compressor);  // the error comes back from finish()
      self->loop.post([self, holder, done] {
        auto outcome = self->writer->finish(std::move(*holder));
        if (!outcome) {
          self->fail(outcome.message());
        } else {
          self->note_chunk(*outcome);
        }
        done(outcome);
      });
    });
  }

  void note_chunk(const recording::JobOutcome& outcome) {
    if (!outcome.chunk) return;
    services.audit.write({"recording.chunk",
                          "sallyport",
                          session,
                          {{"chunk", static_cast<std::int64_t>(outcome.chunk->number)},
                           {"head", base::to_hex(recording::view(outcome.chunk->head_hash))}}});
  }

  void start_job_if_due() {
    if (job_out || failed || !writer->job_due()) return;
    auto taken = writer->take_job();
    if (!taken) return fail(taken.message());
    if (!*taken) return;
    job_out = true;
    run(std::move(*taken), [this](const auto&) { job_finished(); });
  }

  void job_finished() {
    job_out = false;
    if (after_job) return std::exchange(after_job, nullptr)();
    start_job_if_due();
    if (!failed && !gone && events.ready) events.ready();
  }

  void sync_later() {
    if (sync_waiting) return;
    sync_waiting = true;
    sync_timer.after_us(kSyncPeriodUs, [this] {
      sync_waiting = false;
      sync_now([](bool) {});
    });
  }

  void sync_now(std::function<void(bool)> done) {
    if (failed) return done(false);
    auto taken = writer->take_sync_job();
    if (!taken) {
      fail(taken.message());
      return done(false);
    }
    if (!*taken) return done(true);
    // What was to be durable may since have moved to a chunk, whose job came before this one.
    run(std::move(*taken), [this, done = std::move(done)](const auto& outcome) { done(outcome && !failed); });
  }
};

RecordKeeper::RecordKeeper(Services& services, RecordThreadState& record_state, net::Loop& loop,
                           std::unique_ptr<recording::Writer> writer, std::string session, Events events)
    : state_(std::make_shared<State>(services, record_state, loop, std::move(writer), std::move(session),
                                     std::move(events))) {}

RecordKeeper::~RecordKeeper() {
  state_->gone = true;
  state_->sync_timer.cancel();
}

bool RecordKeeper::ready() const {
  return !state_->failed && state_->writer->ready();
}
const recording::Hash& RecordKeeper::header_hash() const {
  return state_->writer->header_hash();
}
const recording::Hash& RecordKeeper::key_file_hash() const {
  return state_->writer->key_file_hash();
}
std::uint64_t RecordKeeper::entries() const {
  return state_->writer->entries();
}

base::Status RecordKeeper::append(recording::EntryKind kind, base::Micros time_us, base::ByteView event) {
  State& s = *state_;
  if (s.failed) return base::fail(base::Errc::io, "recording has stopped");
  base::Status status = s.writer->add(kind, time_us, event);
  if (status) status = s.writer->flush();
  if (!status) {
    // Busy: nothing is lost, there is room again when a job has finished. Anything else is final.
    if (status.error().code != base::Errc::busy) s.fail(status.message());
    return status;
  }
  s.start_job_if_due();
  if (s.failed) return base::fail(base::Errc::io, "recording has stopped");
  s.sync_later();
  return status;
}

void RecordKeeper::synced(std::function<void(bool)> done) {
  state_->sync_now(std::move(done));
}

void RecordKeeper::close(base::Bytes manifest, const std::string& reason, std::function<void(Closed)> done) {
  auto self = state_;
  auto seal = [self, manifest = std::move(manifest), reason, done = std::move(done)] {
    if (self->failed) return done({});
    base::ByteView told = manifest;
    if (told.size() > recording::kMaxManifestBytes) {
      // Its maker keeps it short; a record without its manifest is still better than one without its seal.
      base::log_error("session " + self->session + ": its coverage manifest is too long and left out");
      told = {};
    }
    auto taken = self->writer->take_close_job(told, reason, self->services.clock.now_us());
    if (!taken) {
      self->fail(taken.message());
      return done({});
    }
    self->run(std::move(*taken), [self, done](const auto& outcome) {
      Closed closed;
      if (outcome && outcome->seal) closed = {true, *outcome->seal, self->writer->entries()};
      done(closed);
    });
  };
  if (self->job_out) {
    self->after_job = std::move(seal);
  } else {
    seal();
  }
}

}  // namespace sallyport::broker
