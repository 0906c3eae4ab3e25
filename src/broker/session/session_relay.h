// SPDX-License-Identifier: Apache-2.0
// The gate of a session: hold, judge, append, then forward. Trusted side, on a session loop. Nothing in here forwards
// what was not appended. An event that waits for a verdict, or for the disk, holds up its own lane and no other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "broker/session/back_side.h"
#include "broker/session/block_acks.h"
#include "broker/session/bulk_switch.h"
#include "broker/session/channel_book.h"
#include "broker/session/front_side.h"
#include "broker/session/held_events.h"
#include "broker/session/journal.h"
#include "broker/session/relay_legs.h"
#include "broker/session/rules.h"
#include "broker/session/session_handle.h"
#include "policy/decide.h"

namespace sallyport::broker {

class SessionRelay {
 public:
  /// What a held event comes to. None: it may pass.
  using Decided = std::function<void(std::optional<Judgement> denied)>;

  class Owner {
   public:
    virtual ~Owner() = default;
    /// Whether the login behind the session still counts.
    virtual bool login_counts() = 0;
    /// The rules want a verdict of somebody else over this event. done: on the loop, at any time, once.
    virtual void decide(const event::Event& event, const Judgement& judgement, Decided done) = 0;
    virtual void refused(const Judgement& judgement) = 0;
    /// The event may pass, and is in the record under this number. It may still have to wait.
    virtual void event_recorded(std::uint64_t sequence, Direction from, const event::Event& event,
                                base::ByteView bytes) = 0;
    /// The session must end. text is for the user.
    virtual void relay_failed(const std::string& reason, const std::string& text) = 0;
    /// A back that has ended left something behind that no back says.
    virtual void dead_back_broke_rules(const std::string& fault) = 0;
  };

  /// Hears what moves.
  class Meter {
   public:
    virtual ~Meter() = default;
    /// Bytes of a program or a forwarded connection; channel: of events, null for bulk.
    virtual void data_moved(Direction from, const Channel* channel) = 0;
    virtual void event_passed(std::size_t bytes) = 0;
    virtual void bulk_begins() = 0;
    virtual void bulk_flows() = 0;
  };

  struct Live {
    Journal& journal;
    Rules& rules;
    BackSide& back;
    const SessionHandle& handle;
    const policy::RecordSettings& settings;
  };

  SessionRelay(Owner& owner, Meter& meter, FrontSide& front, HeldBudget& budget, const std::string& user);

  /// The target is there. What came before goes on now. What live names outlives the relay.
  void open(const Live& live);
  /// The session ends: nothing passes any more.
  void stop();

  void take(Direction from, base::ByteView event);
  void credit(Direction from, const ipc::Credit& credit);
  /// The gate, the disk or a worker may have become ready.
  void go_on();

  void front_gone() { legs_.front_gone(); }
  /// then: when what it said has passed; at once if nothing waits. None: what it said does not matter.
  void back_gone(std::function<void()> then);
  const ChannelBook& book() const { return book_; }

 private:
  bool must_wait() const;
  void act(const HeldEvents::Entry& entry);
  void process(Direction from, base::ByteView bytes);
  void judge(Direction from, const event::Event& event, base::ByteView bytes);
  void pass(Direction from, const event::Event& event, base::ByteView bytes, const Judgement& judgement);
  void hold(Direction from, const event::Event& event, HeldEvents::Entry entry, const Judgement& judgement);
  void forwarded(Direction from, const event::Event& event);
  void keep(const event::Event& event);
  void refuse(Direction from, const event::Event& event, std::uint64_t sequence, const Judgement& judgement);
  bool needs_sync(Direction from, const event::Event& event) const;
  bool say_passing(const event::Event& event, std::uint64_t sequence);
  bool say_own(const Outbox& outbox);
  void send(Direction to, base::ByteView bytes);
  void broke_rules(Direction leg, const std::string& fault);
  void when_synced(std::function<void()> then);

  Owner& owner_;
  Meter& meter_;
  RelayLegs legs_;
  std::optional<Live> live_;  // from open() to stop()
  std::optional<BulkSwitch> bulk_;
  std::optional<BlockAcks> blocks_;
  ChannelBook book_;
  HeldEvents held_;
  bool stopped_ = false;
  bool faulted_ = false;  // a leg broke its rules: nothing passes any more, its end is under way
  bool draining_ = false;
  std::function<void()> when_drained_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
