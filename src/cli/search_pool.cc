// SPDX-License-Identifier: Apache-2.0
// One loop over all that is under way.
#include "cli/search_pool.h"

#include <poll.h>

#include <algorithm>
#include <iostream>
#include <thread>

namespace sallyport::cli {
namespace {

// One that is being opened waits for the gateway's disk, one that is searched for a processor. Openings of one moment
// share a sync.
std::size_t slots_wanted() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8) + 8;
}

}  // namespace

base::Result<std::vector<SearchPool::Outcome>> SearchPool::search(const std::vector<std::string>& ids,
                                                                  const Progress& progress) {
  if (const auto failure = sandbox::make_reader_box(box_)) {
    return base::fail(
        base::Errc::unsupported,
        "this host offers no sandbox for the decoder, and without one nothing is decoded: " + failure->what);
  }
  ids_ = &ids;
  outcomes_.assign(ids.size(), {});
  std::list<Slot> slots(std::min(slots_wanted(), ids.size()));
  std::list<Slot> idle;
  std::size_t next = 0;
  std::size_t told = 0;
  idle.swap(slots);
  while (next < ids.size() || !slots.empty()) {
    while (next < ids.size() && !idle.empty() && hits_ < kMaxAllHits) {
      if (begin(idle.front(), next++)) slots.splice(slots.end(), idle, idle.begin());
    }
    if (hits_ >= kMaxAllHits) next = ids.size();
    if (!slots.empty()) turn(slots);
    for (auto slot = slots.begin(); slot != slots.end();) {
      const auto here = slot++;
      if (!here->opening && !here->child) idle.splice(idle.end(), slots, here);
    }
    if (std::exchange(told, done_) != done_) progress(done_, hits_);
  }
  return std::move(outcomes_);
}

void SearchPool::fail(Slot& slot, const std::string& why) {
  outcomes_[slot.index].problem = why.empty() ? "the recording cannot be searched" : why;
  slot.opening = false;
  slot.child.reset();
  ++done_;
}

bool SearchPool::begin(Slot& slot, std::size_t index) {
  slot.index = index;
  slot.found.clear();
  if (!slot.client) {
    auto client = context_.connect();
    if (!client) {
      fail(slot, client.message());
      return false;
    }
    slot.client.emplace(std::move(*client));
  }
  if (auto asked = ask_for_recording(*slot.client, (*ids_)[index], "search", Input::without); !asked) {
    slot.client.reset();
    fail(slot, asked.message());
    return false;
  }
  slot.opening = true;
  return true;
}

void SearchPool::opened(Slot& slot) {
  slot.opening = false;
  auto recording = take_recording(*slot.client, (*ids_)[slot.index]);
  if (!recording) {
    slot.client.reset();  // whatever else is on its way there
    return fail(slot, recording.message());
  }
  auto child = Contained::start(box_, recording->descriptors, {}, [&](Viewer&) -> base::Result<int> {
    auto hits = search_recording(*recording, text_, how_);
    if (!hits) return base::pass(hits);
    std::cout << encode_hits(*hits);
    return 0;
  });
  if (!child) return fail(slot, child.message());
  slot.child.emplace(std::move(*child));
}

void SearchPool::turn(std::list<Slot>& slots) {
  std::vector<pollfd> polls;
  for (const Slot& slot : slots) {
    if (slot.opening) {
      polls.push_back({slot.client->fd(), POLLIN, 0});
    } else {
      slot.child->add_polls(polls);
    }
  }
  if (::poll(polls.data(), polls.size(), -1) <= 0) return;
  std::size_t at = 0;
  for (Slot& slot : slots) {
    if (slot.opening) {
      if (polls[at++].revents != 0) opened(slot);
      continue;
    }
    Contained::Said said;
    slot.child->take(std::span(polls).subspan(at, Contained::kPolls), said);
    at += Contained::kPolls;
    slot.found += said.out;
    if (slot.found.size() > max_encoded_hits()) {
      fail(slot,
           "the decoder returned more than a search can find: the recording may have been made to attack its reader");
    } else if (slot.child->over()) {
      finish(slot);
    }
  }
}

void SearchPool::finish(Slot& slot) {
  if (auto done = slot.child->result(); !done) return fail(slot, done.message());
  auto hits = decode_hits(slot.found);
  if (!hits) return fail(slot, hits.message());
  hits_ += hits->size();
  outcomes_[slot.index].hits = std::move(*hits);
  slot.child.reset();
  ++done_;
}

}  // namespace sallyport::cli
