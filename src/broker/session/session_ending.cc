// SPDX-License-Identifier: Apache-2.0
// Stopping, sealing, noting.
#include "broker/session/session_ending.h"

#include <iterator>
#include <utility>

#include "broker/session/coverage.h"
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

void SessionEnding::front_gone(const std::string& reason, const std::string& fault) {
  parts_.front = nullptr;
  front_gone_ = true;
  if (!fault.empty()) {
    means_.notes.worker_fault("front", fault);
    end("the front broke its rules", "");
  } else {
    end(reason.empty() ? "the front ended unexpectedly" : reason, "");
  }
  look();
}

void SessionEnding::back_gone(const std::string& reason, bool clean, const std::string& fault) {
  back_gone_ = true;
  if (!fault.empty()) {
    back_broke_rules(fault);
  } else if (phase_ == Phase::opening) {
    refuse(parts_.back->failure_text(), "target failed during the login: " + reason);
  } else if (clean) {
    // What it said last may wait for the gate or the disk, and goes first.
    owner_.when_drained([this, why = reason.empty() ? kUnexpected : reason, reason] {
      end(why, target_gone_text(reason, true), Goodbye::until_drained);
    });
  } else {
    end(reason.empty() ? kUnexpected : reason, target_gone_text(reason, false));
  }
  look();
}

void SessionEnding::back_broke_rules(const std::string& fault) {
  means_.notes.worker_fault("back", fault);
  if (phase_ == Phase::opening) {
    refuse("The session could not begin because of a fault on the target's side.", "the back broke its rules");
  } else {
    end("the back broke its rules", "Sallyport: the session ended because of a fault on the target's side.");
  }
}

void SessionEnding::refuse(const std::string& text, const std::string& reason) {
  if (phase_ == Phase::opening && parts_.front != nullptr) parts_.front->refuse("Sallyport: " + text);
  end(reason, "");
}

void SessionEnding::end(const std::string& reason, const std::string& text, Goodbye goodbye) {
  if (phase_ >= Phase::ending) return;
  const bool was_live = phase_ == Phase::live;
  phase_ = Phase::ending;
  reason_ = reason;
  owner_.stop_parts();
  if (parts_.back && !back_gone_) {
    parts_.back->hold_reading(false);
    parts_.back->terminate();
  }
  if (parts_.front != nullptr && was_live) {
    parts_.front->hold_reading(false);
    owner_.settle_terminals([this, text, goodbye] {
      if (parts_.front != nullptr) parts_.front->terminate(text, goodbye);
    });
  }
  const bool forced = parts_.handle && parts_.handle->terminating();
  const std::int64_t live_us = goodbye == Goodbye::until_drained ? kDrainUs : kGoodbyeUs;
  means_.alarm.after_us(forced ? kKillGraceUs : was_live ? live_us : kRefusalUs, [this] { kill_workers(); });
}

void SessionEnding::kill_workers() {
  if (parts_.back && !back_gone_) parts_.back->kill("");
  if (parts_.front != nullptr) parts_.front->kill("");
}

// Both legs must be silent, and the opening's errands back.
void SessionEnding::look() {
  const bool back_silent = !parts_.back || back_gone_;
  if (phase_ != Phase::ending || !front_gone_ || !back_silent || owner_.errands_out()) return;
  phase_ = Phase::over;
  means_.alarm.cancel();
  parts_.seat.reset();
  owner_.stop_inspector();
  if (parts_.record) return seal();
  if (parts_.handle) note_end({}, {});
  finish();
}

void SessionEnding::seal() {
  event::Event event;
  event::SessionEnd& end = *event.mutable_session_end();
  end.set_reason(reason_);
  const bool hashed = parts_.grant.record.bulk_hash;
  describe_coverage(means_.book, *parts_.rules, hashed, recording::kMaxManifestBytes - kEventHead, end);
  const std::string manifest = event.SerializeAsString();
  end.clear_coverage();
  describe_coverage(means_.book, *parts_.rules, hashed, kCoverageInEvent, end);
  means_.notes.record(event);
  parts_.record->close(base::to_bytes(base::view(manifest)), reason_,
                       [this, alive = std::weak_ptr(alive_)](const SessionRecord::Closed& closed) {
                         if (!alive.expired()) sealed(closed);
                       });
}

void SessionEnding::sealed(const SessionRecord::Closed& closed) {
  StoredEnd end{reason_, closed.ok ? "sealed" : "live", closed.ok ? "sealed" : "unsealed"};
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

void SessionEnding::note_end(StoredEnd end, std::vector<audit::Field> fields) {
  end.reason = reason_;
  end.at_us = means_.clock.now_us();
  audit::Event event = means_.notes.end(reason_);
  std::move(fields.begin(), fields.end(), std::back_inserter(event.fields));
  event.happened_us = end.at_us;
  means_.store.end(std::move(event), std::move(end));
}

void SessionEnding::finish() {
  if (parts_.handle) {
    parts_.handle->update([&](SessionInfo& info) {
      info.state = SessionState::ended;
      info.ended_at_us = means_.clock.now_us();
      info.end_reason = reason_;
    });
    parts_.handle->feed().close();
    parts_.handle->detach();
    means_.store.leave_list();
  }
  owner_.over();
}

}  // namespace sallyport::broker
