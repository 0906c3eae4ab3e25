// SPDX-License-Identifier: Apache-2.0
// Ending a session: both legs stop, the record is sealed with its coverage manifest, the audit log notes it.
#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "broker/session/coverage.h"
#include "broker/session/session.h"
#include "event/event.pb.h"

namespace sallyport::broker {

namespace {
constexpr std::int64_t kGoodbyeUs = 700'000;         // for text and last bytes to reach the user
constexpr std::int64_t kDrainUs = 10'000'000;        // for what the target said last to reach a slow user
constexpr std::int64_t kRefusalUs = 10'000'000;      // a refusal is shown when the client asks for something
constexpr std::int64_t kKillGraceUs = 300'000;       // for a terminate to look like an end
constexpr std::size_t kCoverageInEvent = 64 * 1024;  // bytes; the manifest of the seal has more room
constexpr std::size_t kEventHead = 64;               // around a SessionEnd in its Event

constexpr const char* kUnexpected = "the back ended unexpectedly";

// For a program that was still running: one that had ended needs no word.
std::string target_gone_text(const std::string& reason, bool clean) {
  if (!clean) return "Sallyport: the connection to the target was lost.";
  return "Sallyport: the target ended the connection while this program ran (" + reason + ").";
}

}  // namespace

void Session::front_gone(const std::string& reason, const std::string& fault) {
  front_ = nullptr;
  front_done_ = true;
  relay_.front_gone();
  control_.leave_user();
  placement_.forget();
  if (!fault.empty()) {
    services_.audit.write({"worker.fault", "sallyport", id_, {{"worker", "front"}, {"fault", fault}}});
    end("the front broke its rules", "");
  } else {
    end(reason.empty() ? "the front ended unexpectedly" : reason, "");
  }
  if (phase_ == Phase::ending) seal();
}

void Session::back_ended(const std::string& reason, bool clean, const std::string& fault) {
  back_done_ = true;
  placement_.forget();
  if (!fault.empty()) {
    end_for_fault_of_back(fault);
  } else if (phase_ == Phase::login) {
    if (trial_) trial_->closed(services_.clock.monotonic_us());
    refuse(back_->failure_text(), "target failed during the login: " + reason);
  } else if (clean) {
    // What it said last may wait for the gate or the disk, and goes first.
    relay_.back_gone([this, why = reason.empty() ? kUnexpected : reason, reason] {
      end(why, target_gone_text(reason, true), Goodbye::until_drained);
    });
  } else {
    end(reason.empty() ? kUnexpected : reason, target_gone_text(reason, false));
  }
  if (phase_ == Phase::ending) seal();
}

void Session::end_for_fault_of_back(const std::string& fault) {
  services_.audit.write({"worker.fault", "sallyport", id_, {{"worker", "back"}, {"fault", fault}}});
  if (phase_ < Phase::live) {
    refuse("The session could not begin because of a fault on the target's side.", "the back broke its rules");
  } else {
    end("the back broke its rules", "Sallyport: the session ended because of a fault on the target's side.");
  }
}

void Session::end(const std::string& reason, const std::string& user_text, Goodbye goodbye) {
  if (phase_ >= Phase::ending) return;
  const bool was_live = phase_ == Phase::live;
  phase_ = Phase::ending;
  trial_.reset();
  end_reason_ = reason;
  deadline_.cancel();
  limits_.stop();
  relay_.stop();
  control_.leave_user();
  dialer_.reset();
  if (back_ && !back_done_) {
    back_->hold_reading(false);
    back_->terminate();
  }
  if (front_ != nullptr && was_live) {
    front_->hold_reading(false);
    front_->terminate(user_text, goodbye);
  }
  const bool forced = handle_ && handle_->terminating();
  const std::int64_t live_us = goodbye == Goodbye::until_drained ? kDrainUs : kGoodbyeUs;
  deadline_.after_us(forced ? kKillGraceUs : was_live ? live_us : kRefusalUs, [this] { kill_workers(); });
  // What must not be destroyed under its own caller goes on later.
  thread_.loop().post([self = shared_from_this()] { self->seal(); });
}

void Session::kill_workers() {
  if (back_ && !back_done_) back_->kill("");
  if (front_ != nullptr) front_->kill("");
}

// Once both legs are silent and the opening's errands are back.
void Session::seal() {
  if (phase_ != Phase::ending || !front_done_ || !back_done_ || errands_out_ != 0) return;
  phase_ = Phase::over;
  deadline_.cancel();
  if (!record_) {
    if (handle_) note_end({}, {});
    return finish();
  }
  event::Event event;
  event::SessionEnd& end = *event.mutable_session_end();
  end.set_reason(end_reason_);
  describe_coverage(relay_.book(), grant_.record.bulk_hash, recording::kMaxManifestBytes - kEventHead, end);
  const std::string manifest = event.SerializeAsString();
  end.clear_coverage();
  describe_coverage(relay_.book(), grant_.record.bulk_hash, kCoverageInEvent, end);
  record_own(event);
  record_->close(base::to_bytes(base::view(manifest)), end_reason_,
                 [self = shared_from_this()](const RecordKeeper::Closed& closed) { self->sealed(closed); });
}

void Session::sealed(const RecordKeeper::Closed& closed) {
  services_.user_audit.tell_withheld(facts_.identity.user);
  StoredEnd end{end_reason_, closed.ok ? "sealed" : "live", closed.ok ? "sealed" : "unsealed"};
  std::vector<audit::Field> fields{{"recording", closed.ok ? "sealed" : "truncated"}};
  if (closed.ok) {
    end.bytes = static_cast<std::int64_t>(closed.seal.total_bytes);
    end.events = static_cast<std::int64_t>(closed.entries);
    fields.push_back({"seal", base::to_hex(recording::view(closed.seal.seal_hash))});
    fields.push_back({"chunks", static_cast<std::int64_t>(closed.seal.chunks)});
  }
  note_end(std::move(end), std::move(fields));
  finish();
}

// The end in the audit log and in the row. What cannot be noted now, or sealed, is tried again.
void Session::note_end(StoredEnd end, std::vector<audit::Field> fields) {
  end.reason = end_reason_;
  end.at_us = services_.clock.now_us();
  audit::Event event{"session.end",
                     facts_.identity.user,
                     id_,
                     {{"reason", end_reason_}, {"account", account_.name}, {"target", target_.name}}};
  std::move(fields.begin(), fields.end(), std::back_inserter(event.fields));
  event.happened_us = end.at_us;
  const bool unsealed = end.integrity == "unsealed";
  const auto write = [&services = services_, id = id_, event = std::move(event), end = std::move(end)] {
    return store_end(services.store, services.audit.log(), std::span(&event, 1), id, end, services.clock);
  };
  services_.audit.commit(
      write,
      [self = shared_from_this(), unsealed](const base::Status& stored) {
        if (!stored) base::log_error("session " + self->id_ + ": its end is not noted yet: " + stored.message());
        if (!stored || unsealed) self->services_.late_seals.add(self->id_, self->end_reason_);
      },
      Outage::waits);
}

void Session::finish() {
  phase_ = Phase::over;
  if (handle_) {
    handle_->update([&](SessionInfo& info) {
      info.state = SessionState::ended;
      info.ended_at_us = services_.clock.now_us();
      info.end_reason = end_reason_;
    });
    handle_->feed().close();
    handle_->detach();
    // The list keeps it until its row says ended.
    services_.store_thread.post([&services = services_, id = id_] { services.sessions.remove(id); });
  }
  if (auto over = std::exchange(over_, nullptr)) {
    thread_.loop().post([over = std::move(over), keep = shared_from_this()] { over(); });
  }
}

}  // namespace sallyport::broker
