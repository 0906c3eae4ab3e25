// SPDX-License-Identifier: Apache-2.0
// Every order of acts upon a session, up to length four, through its handle and with a loop that lags in every way,
// against a model that knows three facts.
#include "broker/session/gate_locks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/session/session_handle.h"

namespace sallyport::broker {
namespace {

enum class Act { pause, suspend, resume, new_login, old_login, password, message, terminate, leave, supervise };
constexpr unsigned kActs = 10;
constexpr const char* kWords[] = {"pause",    "suspend", "resume",    "new login", "old login",
                                  "password", "message", "terminate", "leave",     "supervise"};

// What an administrator would say how it stands, act by act.
struct Model {
  bool somebody_wants_it_shut = false;
  bool proof_owed = false;
  bool user_was_asked = false;
  bool supervisor_missing = false;
  bool ended = false;

  void act(Act act) {
    if (ended) return;
    switch (act) {
      case Act::pause:
        somebody_wants_it_shut = true;
        break;
      case Act::suspend:
        somebody_wants_it_shut = proof_owed = true;
        user_was_asked = false;
        break;
      case Act::resume:
        somebody_wants_it_shut = false;
        user_was_asked = proof_owed;
        break;
      case Act::new_login:
      case Act::password:
        if (user_was_asked) proof_owed = user_was_asked = false;
        break;
      case Act::old_login:
      case Act::message:
      case Act::leave:
      case Act::supervise:
        break;
      case Act::terminate:
        ended = true;
    }
  }
  bool open() const { return !ended && !somebody_wants_it_shut && !proof_owed && !supervisor_missing; }
  SessionState state() const {
    return ended                    ? SessionState::ending
           : proof_owed             ? SessionState::suspended
           : somebody_wants_it_shut ? SessionState::paused
           : supervisor_missing     ? SessionState::unsupervised
                                    : SessionState::live;
  }
};

bool shuts(Act act) {
  return act == Act::pause || act == Act::suspend || act == Act::terminate;
}

// A session's handle, and a loop that does what a session does with each act, when it comes to it.
struct Stage {
  Stage() {
    SessionInfo info;
    info.id = "s1";
    handle = std::make_unique<SessionHandle>(info);
    handle->attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {});
    handle->went_live();
    policy::User bob;
    bob.name = "bob";
    resources.put(bob);
    handle->demand_supervisors({{{"bob"}, {}, 900}}, resources);
    watch = handle->watcher_joined({"local:bob", "bob", false}, resources);
    handle->settle_supervision();
  }
  // The supervisor leaves, and the gate is shut; or comes, and the loop opens it.
  void ask_supervisor(Act act) {
    if (act == Act::leave && watch != 0) {
      handle->watcher_left(std::exchange(watch, 0));
      model.supervisor_missing = true;
    }
    if (act == Act::supervise && watch == 0) watch = handle->watcher_joined({"local:bob", "bob", false}, resources);
    waiting.push_back(act);
  }
  void ask(Act act) {
    if (act == Act::leave || act == Act::supervise) return ask_supervisor(act);
    const bool paused = model.somebody_wants_it_shut || model.proof_owed || model.ended;
    if (act == Act::resume && !paused && waiting.empty()) {
      EXPECT_FALSE(control(ControlAction::resume)) << "it is not paused";
      return;
    }
    bool passed_on = true;
    if (act == Act::pause) passed_on = control(ControlAction::pause);
    if (act == Act::suspend) passed_on = control(ControlAction::suspend);
    if (act == Act::resume) passed_on = control(ControlAction::resume);
    if (act == Act::message) passed_on = control(ControlAction::message);
    if (act == Act::terminate) passed_on = control(ControlAction::terminate);
    if (act == Act::new_login || act == Act::old_login) passed_on = control(ControlAction::reauthenticated);
    if (passed_on) waiting.push_back(act);
  }
  bool control(ControlAction action) {
    bool passed_on = true;
    handle->control({action, "admin", ""}, [&](const base::Status&) { passed_on = false; });
    return passed_on;
  }
  void carry_out_one() {
    const Act act = waiting.front();
    waiting.pop_front();
    ++now;
    if (ended) return;
    const auto wanted = handle->proof_wanted_since();
    if (act == Act::pause) handle->carry_out(ControlAction::pause, now);
    if (act == Act::suspend) handle->carry_out(ControlAction::suspend, now);
    if (act == Act::resume) handle->carry_out(ControlAction::resume, now);
    if (act == Act::new_login || act == Act::password) {
      EXPECT_EQ(handle->take_proof(now).has_value(), wanted.has_value());
    }
    if (act == Act::old_login) {
      EXPECT_FALSE(handle->take_proof(wanted.value_or(now))) << "no newer than the wish";
    }
    if (act == Act::leave || act == Act::supervise) model.supervisor_missing = !handle->settle_supervision();
    if (act == Act::terminate) ended = true;
    model.act(act);
  }
  void check(const std::string& what) {
    const bool shut_is_coming = std::any_of(waiting.begin(), waiting.end(), shuts);
    ASSERT_EQ(!handle->gate_shut(), model.open() && !shut_is_coming) << what;
    if (shut_is_coming) return;
    ASSERT_EQ(handle->info().state, model.state()) << what;
  }

  std::unique_ptr<SessionHandle> handle;
  policy::Snapshot resources;
  std::uint64_t watch = 0;
  std::deque<Act> waiting;
  Model model;
  base::Micros now = 1;
  bool ended = false;
};

// lag: for each act, whether the loop catches up after it.
void play(const std::vector<Act>& acts, unsigned lag, const std::string& what) {
  Stage stage;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    stage.ask(acts[i]);
    stage.check(what);
    const bool catches_up = i + 1 == acts.size() || (lag >> i & 1U) == 0;
    while (catches_up && !stage.waiting.empty() && !testing::Test::HasFatalFailure()) {
      stage.carry_out_one();
      stage.check(what);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(GateLocks, EveryOrderOfActsEndsWhereTheModelDoes) {
  for (unsigned length = 1; length <= 4; ++length) {
    unsigned orders = 1;
    for (unsigned i = 0; i < length; ++i) orders *= kActs;
    for (unsigned order = 0; order < orders; ++order) {
      std::vector<Act> acts;
      std::string what;
      for (unsigned i = 0, rest = order; i < length; ++i, rest /= kActs) {
        acts.push_back(static_cast<Act>(rest % kActs));
        what += (i != 0 ? ", " : "") + std::string(kWords[rest % kActs]);
      }
      for (unsigned lag = 0; lag < 1U << (length - 1); ++lag) {
        play(acts, lag, what + "; lag " + std::to_string(lag));
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(GateLocks, AProofDoesNotUndoAPauseThatCameAfterTheResume) {
  GateLocks locks;
  for (const ControlAction action : {ControlAction::suspend, ControlAction::resume, ControlAction::pause}) {
    locks.ask(action);
    locks.carry_out(action, 10);
  }
  EXPECT_TRUE(locks.take_proof(11));
  EXPECT_FALSE(locks.open());
  EXPECT_FALSE(locks.proof_owed());
  locks.carry_out(ControlAction::resume, 12);
  EXPECT_TRUE(locks.open());
}

TEST(GateLocks, ASecondResumeDoesNotOutdateWhatTheUserAnswersMeanwhile) {
  GateLocks locks;
  locks.ask(ControlAction::suspend);
  locks.carry_out(ControlAction::suspend, 1);
  locks.carry_out(ControlAction::resume, 2);
  locks.carry_out(ControlAction::resume, 5);
  EXPECT_EQ(locks.proof_wanted_since(), 2);
  EXPECT_TRUE(locks.take_proof(3));
}

}  // namespace
}  // namespace sallyport::broker
