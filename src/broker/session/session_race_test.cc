// SPDX-License-Identifier: Apache-2.0
// Sessions open on loops of their own while another thread changes what they hang on: whatever the moment, none lives
// on with more than the policies in force grant. A thousand rounds.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "broker/access/logins.h"
#include "broker/session/lease.h"
#include "broker/session/opening_run_test.h"
#include "broker/session/session_live.h"

namespace sallyport::broker {
namespace {

using policy::Permission;
using Phase = SessionEnding::Phase;

class SharedPolicy final : public PolicySource {
 public:
  std::shared_ptr<const PolicyState> current() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  void put(std::shared_ptr<const PolicyState> state) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PolicyState> state_ = usual_state();
};

/// What sessions share.
struct Node {
  SharedPolicy policy;
  Registry sessions{100};
  Logins logins;
  DescriptorBudget descriptors{100 * kSessionDescriptors};
  std::atomic<int> pending = 0;  // errands of openings that are not done yet
  // The change comes when the openings of a round have taken so many turns together, on the loop that takes the last of
  // them: no schedule of threads decides where the openings stand then.
  std::atomic<int> turns_left = 0;
  std::function<void()> change;
};

/// Does its errands in so many turns of the loop, as another thread would.
class Hops {
 public:
  Hops(Node& node, net::Loop& loop, unsigned seed) : node_(node), loop_(loop), random_(seed) {}
  void then(std::function<void()> work) {
    ++node_.pending;
    hop(static_cast<unsigned>(random_() % 4), std::move(work));
  }

 private:
  void hop(unsigned left, std::function<void()> work) {
    loop_.post([this, left, work = std::move(work)] {
      if (--node_.turns_left == 0) node_.change();
      if (left > 0) return hop(left - 1, work);
      work();
      --node_.pending;
    });
  }

  Node& node_;
  net::Loop& loop_;
  std::mt19937 random_;
};

class Errands final : public SessionStore, public RecordMaker, public TargetDialer, public BackSpawner {
 public:
  explicit Errands(Hops& hops) : hops_(hops) {}
  void begin(audit::Event, store::SessionRow, const policy::Account&,
             std::function<void(base::Result<AccountSecret>)> done) override {
    hops_.then([done = std::move(done)] { done(OpeningRun::secret()); });
  }
  void end(audit::Event, StoredEnd) override {}
  void leave_list() override {}
  void make(Order, std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> done) override {
    hops_.then([done = std::move(done)] { done(std::make_unique<FakeRecord>()); });
  }
  void dial(const policy::Target&, UrgentData, const std::string&,
            std::function<void(base::Result<base::Fd>)> done) override {
    hops_.then([done = std::move(done)] { done(base::Fd()); });
  }
  void cancel() override {}
  void spawn(WorkerSource&, base::Fd, std::function<void(base::Result<SpawnedWorker>)> done) override {
    hops_.then([done = std::move(done)] { done(SpawnedWorker(0, base::Fd(), base::Fd())); });
  }

 private:
  Hops& hops_;
};

class NoPasswords final : public PasswordCheck {
 public:
  void check_again(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
  void check_code(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
};

/// A session of the node, wired as Session wires it, with a target that lets it in.
class RacingSession final : private SessionOpening::Owner, private SessionEnding::Owner {
 public:
  RacingSession(Node& node, net::Loop& loop, const std::string& id, unsigned seed)
      : node_(node), loop_(loop), hops_(node, loop, seed), parts(id, usual_facts(), front) {
    place_ = node.logins.enter([this, &loop] {
      ++node_.pending;
      loop.post([this] {
        opening_.review();
        --node_.pending;
      });
    });
  }
  void open() {
    hops_.then([this] { opening_.open(); });
  }
  /// On the loop.
  void leave() {
    place_.reset();
    opening_.stop();
    live_.stop();
    if (!parts.handle) return;
    parts.handle->detach();
    node_.sessions.remove(parts.id);
  }
  Phase phase() const { return ending_.phase(); }
  bool heard_of(const std::string& words) const {
    return std::any_of(front.told.begin(), front.told.end(),
                       [&](const Notice& one) { return one.text.find(words) != std::string::npos; });
  }

 private:
  void can_be_found() override { live_.attach(); }
  void record_made() override {
    parts.journal.emplace(*parts.record, clock_, parts.handle->feed(), held_, "alice", [] {});
  }
  std::unique_ptr<BackSide> make_back(const Protocol&, SpawnedWorker, AccountSecret) override {
    hops_.then([this] {
      if (!opening_.back_may_log_in()) return;
      hops_.then([this] {
        LoginFacts facts;
        facts.accepted = true;
        opening_.back_logged_in(facts);
      });
    });
    return std::make_unique<FakeBack>();
  }
  void opened(const std::string&) override {
    ending_.went_live();
    parts.handle->went_live();
    live_.begin({});
  }
  void opening_failed(const std::string& text, const std::string& reason) override { ending_.refuse(text, reason); }
  void errand_back() override {}
  void stop_parts() override {
    opening_.stop();
    live_.stop();
  }
  void when_drained(std::function<void()>) override {}
  bool errands_out() override { return false; }
  void settle_terminals(std::function<void()> then) override { then(); }
  void stop_inspector() override {}
  void over() override {}

  Node& node_;
  net::Loop& loop_;
  Hops hops_;
  Errands errands_{hops_};
  config::Config config_;
  HandClock clock_;
  HandAlarm opening_alarm_, approval_alarm_, ending_alarm_, supervisor_alarm_;
  NoWorkers workers_;
  ProtocolTable protocols_{{policy::Protocol::ssh,
                            {workers_, UrgentData::set_aside,
                             [](const policy::Grant&, const config::Limits&) { return std::make_unique<FakeRules>(); },
                             [](BackWiring) { return std::make_unique<FakeBack>(); }}}};
  OpeningPace pace_;
  LoginSpacing spacing_;
  FakeDesk desk_;
  FakeAudit audit_;
  HeldBudget held_;
  HomeCpu home_{0};
  Placement placement_{home_, clock_};
  NoPasswords passwords_;
  SessionInspector inspector_{loop_, [](const SessionInspector::Opened&) {},
                              [](const std::string&, const std::string&) {}};
  const base::Bytes key_ = base::Bytes(32, 7);
  std::unique_ptr<Logins::Place> place_;

 public:
  FakeFront front;
  SessionParts parts;

 private:
  SessionNotes notes_{parts, "node1", audit_, audit_};
  ChannelBook book_;
  SessionEnding ending_{*this, parts, {clock_, ending_alarm_, notes_, errands_, book_}};
  SessionLive live_{
      parts,
      {clock_, node_.policy, loop_, notes_, ending_, placement_, inspector_, passwords_, 3, held_, supervisor_alarm_}};
  SessionOpening opening_{
      *this,
      parts,
      {config_, clock_, node_.policy, protocols_, pace_, spacing_, node_.sessions, node_.descriptors, 0, key_,
       opening_alarm_, notes_, errands_, errands_, errands_, errands_, desk_, approval_alarm_}};
};

using Change = std::function<void(PolicyState&)>;

const std::map<std::string, Change>& changes() {
  static const std::map<std::string, Change> all{
      {"the policy is deleted", [](PolicyState& state) { state.resources.drop_policy("ops"); }},
      {"a deny is added",
       [](PolicyState& state) {
         policy::Policy deny = usual_policy();
         deny.name = "freeze";
         deny.effect = policy::Effect::deny;
         deny.allow = {};
         state.resources.put(deny);
       }},
      {"shell is taken",
       [](PolicyState& state) {
         policy::Policy less = usual_policy();
         less.allow = {};
         less.allow.add(Permission::exec);
         state.resources.put(less);
       }},
      {"the source is not allowed",
       [](PolicyState& state) {
         policy::Policy other = usual_policy();
         other.when.from = {"10.0.0.0/8"};
         state.resources.put(other);
       }},
      {"a limit comes",
       [](PolicyState& state) {
         policy::Policy limited = usual_policy();
         limited.limits.duration_seconds = 300;
         state.resources.put(limited);
       }},
      {"the user is disabled",
       [](PolicyState& state) {
         policy::User user = *state.resources.user("alice");
         user.disabled = true;
         state.resources.put(user);
       }},
      {"the user is another",
       [](PolicyState& state) {
         state.incarnations["alice"] = {kAlice.life + 1, 9};
       }},
      {"the key is replaced",
       [](PolicyState& state) {
         state.incarnations["alice"] = {kAlice.life, kAlice.proofs + 1};
       }},
      {"the target moves",
       [](PolicyState& state) {
         policy::Target target = *state.resources.target("web1");
         target.host = "10.0.0.10";
         state.resources.put(target);
       }},
      {"the account is deleted", [](PolicyState& state) { state.resources.accounts.clear(); }},
  };
  return all;
}

class SessionRace : public ::testing::Test {
 protected:
  static constexpr int kRounds = 1000;
  static constexpr int kSessions = 4;

  SessionRace() {
    for (std::size_t i = 0; i < loops_.size(); ++i) threads_.emplace_back([&loop = loops_[i]] { loop.run(); });
  }
  ~SessionRace() override {
    for (net::Loop& loop : loops_) loop.stop();
    for (std::thread& thread : threads_) thread.join();
  }
  static void on(net::Loop& loop, const std::function<void()>& work) {
    std::promise<void> done;
    loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  net::Loop& loop_of(std::size_t number) { return loops_[number % loops_.size()]; }
  void settle() {
    while (node_.pending > 0) std::this_thread::yield();
    for (net::Loop& loop : loops_) on(loop, [] {});
  }
  /// What whoever changes the resources does after it (access/barred_users.cc).
  void put_in_force(const Change& change) {
    auto state = std::make_shared<PolicyState>(*usual_state());
    change(*state);
    node_.policy.put(state);
    node_.logins.all_look_again();
    for (const auto& session : node_.sessions.all()) {
      if (state->is_same("alice", session->info().user_incarnation)) {
        session->review();
      } else {
        session->control({ControlAction::terminate, "admin", ""}, [](base::Status) {});
      }
    }
  }
  void round(const std::string& kind, std::mt19937& random) {
    node_.policy.put(usual_state());
    node_.change = [this, kind] { put_in_force(changes().at(kind)); };
    const int moment = 1 + static_cast<int>(random() % 80);
    node_.turns_left = moment;
    std::vector<std::unique_ptr<RacingSession>> sessions;
    for (int i = 0; i < kSessions; ++i) {
      sessions.push_back(std::make_unique<RacingSession>(node_, loop_of(sessions.size()), "id" + std::to_string(i),
                                                         static_cast<unsigned>(random())));
      sessions.back()->open();
    }
    settle();
    if (node_.turns_left > 0) {  // all were open before it
      node_.change();
      settle();
    }
    const auto state = node_.policy.current();
    for (const auto& session : sessions) check(kind, *state, *session);
    for (std::size_t i = 0; i < sessions.size(); ++i) on(loop_of(i), [&] { sessions[i]->leave(); });
    for (std::size_t i = 0; i < sessions.size(); ++i) on(loop_of(i), [&] { sessions[i].reset(); });
  }
  void check(const std::string& kind, const PolicyState& state, const RacingSession& session) {
    if (session.phase() != Phase::live) {
      ++(session.parts.back ? ended_ : refused_);
      return;
    }
    ++lived_;
    const LeaseReview now = review_lease(state, session.parts, 1'000'000);
    EXPECT_FALSE(now.ends) << kind << ": " << now.detail;
    EXPECT_EQ(now.permissions, session.parts.grant.permissions) << kind;
    EXPECT_EQ(now.limits, session.parts.grant.limits) << kind;
    EXPECT_TRUE(state.is_same("alice", kAlice)) << kind;
    EXPECT_EQ(session.heard_of("log in anew"), !state.counts("alice", kAlice)) << kind;
  }

  Node node_;
  std::array<net::Loop, 2> loops_;
  std::vector<std::thread> threads_;
  unsigned ended_ = 0, refused_ = 0, lived_ = 0;
};

TEST_F(SessionRace, NothingSlipsThrough) {
  std::mt19937 random(13);
  std::vector<std::string> kinds;
  for (const auto& [kind, change] : changes()) kinds.push_back(kind);
  for (int number = 0; number < kRounds && !HasFailure(); ++number) {
    SCOPED_TRACE(number);
    round(kinds[static_cast<std::size_t>(number) % kinds.size()], random);
  }
  // Some were hit before they had a back, some after: else no change met an opening.
  EXPECT_GT(refused_, 50U);
  EXPECT_GT(ended_, 50U);
  EXPECT_GT(lived_, 50U);
}

}  // namespace
}  // namespace sallyport::broker
