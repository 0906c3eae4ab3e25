// SPDX-License-Identifier: Apache-2.0
// A session's events that wait: for the target, for the gate, for a worker that is behind, or for a verdict over an
// event before them in their lane. Trusted side; pure. Within a lane the order is kept, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "broker/session/held_budget.h"
#include "broker/session/judgement.h"
#include "broker/session/lane.h"

namespace sallyport::broker {

class HeldEvents {
 public:
  struct Entry {
    Lane lane;
    base::Bytes event;
    /// Judged, and in the record as this entry.
    std::optional<std::uint64_t> recorded_as = {};
    /// The verdict that it waited for was no.
    std::optional<Judgement> denied = {};
  };

  HeldEvents(HeldBudget& budget, const std::string& user) : share_(budget, user) {}

  void push(Lane lane, base::ByteView event);
  /// Before all others of its lane, but for the head that the lane waits for.
  void put_back(Entry entry);
  /// The lane waits, with this entry at its head, until settle() was called this often with the number returned.
  std::uint64_t hold(Entry entry, unsigned waits);
  bool waits(Lane lane) const;
  /// One of the things that the head of this lane waits for has come; denied: the verdict was no. Nothing happens when
  /// the lane does not wait under this number any more.
  void settle(Lane lane, std::uint64_t number, std::optional<Judgement> denied);
  /// The next entry whose lane does not wait.
  std::optional<Entry> next();
  void clear();

  bool empty() const { return queue_.empty() && lanes_.empty(); }
  /// Whether an event that comes now from this direction would wait behind none but waiting lanes.
  bool flows(Direction from) const;
  std::size_t bytes(Direction from) const { return from == Direction::up ? up_bytes_ : down_bytes_; }
  /// See HeldBudget::Share.
  bool fits() const { return share_.fits(); }
  bool tight() const { return share_.tight(); }

 private:
  struct Waiting {
    std::deque<Entry> entries;
    unsigned waits = 0;
    std::uint64_t number = 0;
  };
  void count(const Entry& entry);
  Entry take(std::deque<Entry>& from);

  std::deque<Entry> queue_;
  std::map<Lane, Waiting> lanes_;  // those that wait, and those that did and have not caught up
  std::set<Lane> ready_;           // of these
  std::size_t up_bytes_ = 0, down_bytes_ = 0;
  std::uint64_t last_number_ = 0;
  HeldBudget::Share share_;
};

}  // namespace sallyport::broker
