// SPDX-License-Identifier: Apache-2.0
// The channel table. Runs in the untrusted workers.
#include "codec/ssh/channels.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

namespace sallyport::codec::ssh {

namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

tl::unexpected<base::Error> no_channel() {
  return fail(Errc::not_found, "no such channel");
}
tl::unexpected<base::Error> breach(const char* what) {
  return fail(Errc::invalid, std::string("channel: ") + what);
}

}  // namespace

const Channel* ChannelTable::find(ChannelId id) const {
  if (id >= slots_.size() || slots_[id].phase == ChannelPhase::free) return nullptr;
  return &slots_[id];
}

Channel* ChannelTable::get(ChannelId id) {
  return const_cast<Channel*>(std::as_const(*this).find(id));
}

std::vector<ChannelId> ChannelTable::ids() const {
  std::vector<ChannelId> out;
  for (const Channel& c : slots_) {
    if (c.phase != ChannelPhase::free) out.push_back(c.id);
  }
  return out;
}

Result<ChannelId> ChannelTable::take() {
  if (count_ >= limits_.max_channels) return fail(Errc::full, "too many channels");
  const auto slot =
      std::find_if(slots_.begin(), slots_.end(), [](const Channel& c) { return c.phase == ChannelPhase::free; });
  const auto id = static_cast<ChannelId>(slot - slots_.begin());
  if (slot == slots_.end()) slots_.emplace_back();
  slots_[id] = Channel{};
  slots_[id].id = id;
  ++count_;
  return id;
}

void ChannelTable::release(Channel& c) {
  c.phase = ChannelPhase::free;
  --count_;
}

Result<ChannelId> ChannelTable::open_here(std::uint32_t window, std::uint32_t max_packet) {
  auto id = take();
  if (!id) return id;
  Channel& c = slots_[*id];
  c.phase = ChannelPhase::opened_here;
  c.in_window = c.in_window_size = window;
  c.in_max_packet = max_packet;
  return id;
}

Status ChannelTable::confirm(ChannelId id, std::uint32_t window, std::uint32_t max_packet) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::opened_there) return no_channel();
  c->phase = ChannelPhase::open;
  c->in_window = c->in_window_size = window;
  c->in_max_packet = max_packet;
  return {};
}

Status ChannelTable::refuse(ChannelId id) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::opened_there) return no_channel();
  release(*c);
  return {};
}

std::size_t ChannelTable::sendable(ChannelId id) const {
  const Channel* c = find(id);
  if (!c || c->phase != ChannelPhase::open || c->eof_out || c->close_out || c->close_in) return 0;
  return std::min(c->out_window, c->out_max_packet);
}

void ChannelTable::sent(ChannelId id, std::size_t n) {
  assert(n <= sendable(id));
  get(id)->out_window -= static_cast<std::uint32_t>(n);
}

Status ChannelTable::eof(ChannelId id) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open) return no_channel();
  if (c->eof_out || c->close_out) return fail(Errc::denied, "the channel has said EOF or CLOSE");
  c->eof_out = true;
  return {};
}

Status ChannelTable::close(ChannelId id) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open) return no_channel();
  if (c->close_out) return fail(Errc::denied, "the channel has said CLOSE");
  c->close_out = true;
  if (c->close_in) release(*c);
  return {};
}

Status ChannelTable::requested(ChannelId id, WantReply want_reply) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open) return no_channel();
  if (c->close_out) return fail(Errc::denied, "the channel has said CLOSE");
  if (want_reply == WantReply::yes && c->replies_awaited >= limits_.max_pending_replies)
    return fail(Errc::full, "too many requests");
  if (want_reply == WantReply::yes) ++c->replies_awaited;
  return {};
}

Status ChannelTable::replied(ChannelId id) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open || c->replies_owed == 0) return no_channel();
  if (c->close_out) return fail(Errc::denied, "the channel has said CLOSE");
  --c->replies_owed;
  return {};
}

std::uint32_t ChannelTable::consumed(ChannelId id, std::uint32_t n) {
  Channel* c = get(id);
  if (!c) return 0;
  c->in_credit += n;
  // Nobody sends to a channel that ended. Half a window saves messages and keeps a long link full.
  if (c->eof_in || c->close_in || c->close_out) return 0;
  const std::uint32_t missing = c->in_window_size > c->in_window ? c->in_window_size - c->in_window : 0;
  const std::uint32_t grant = std::min(c->in_credit, missing);
  if (grant == 0 || grant < c->in_window_size / 2) return 0;
  c->in_credit -= grant;
  c->in_window += grant;
  return grant;
}

void ChannelTable::widen(ChannelId id, std::uint32_t window_size) {
  Channel* c = get(id);
  if (!c || window_size <= c->in_window_size) return;
  c->in_credit += window_size - c->in_window_size;
  c->in_window_size = window_size;
}

Result<ChannelId> ChannelTable::on_open(std::uint32_t peer_id, std::uint32_t window, std::uint32_t max_packet) {
  auto id = take();
  if (!id) return id;
  Channel& c = slots_[*id];
  c.phase = ChannelPhase::opened_there;
  c.peer_id = peer_id;
  c.out_window = window;
  c.out_max_packet = max_packet;
  return id;
}

Status ChannelTable::on_confirmation(ChannelId id, std::uint32_t peer_id, std::uint32_t window,
                                     std::uint32_t max_packet) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::opened_here) return breach("confirmation of what was not asked for");
  c->phase = ChannelPhase::open;
  c->peer_id = peer_id;
  c->out_window = window;
  c->out_max_packet = max_packet;
  return {};
}

Status ChannelTable::on_open_failure(ChannelId id) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::opened_here) return breach("refusal of what was not asked for");
  release(*c);
  return {};
}

/// A channel that the peer may still speak on.
Result<Channel*> ChannelTable::speaking_peer(ChannelId id, const char* what) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open) return breach("message for a channel that is not open");
  if (c->close_in) return breach(what);
  return c;
}

Status ChannelTable::on_data(ChannelId id, std::size_t n) {
  auto c = speaking_peer(id, "data after CLOSE");
  if (!c) return base::pass(c);
  if ((*c)->eof_in) return breach("data after EOF");
  if (n > (*c)->in_window) return breach("more data than the window allows");
  if (n > (*c)->in_max_packet) return breach("more data in a packet than was agreed");
  (*c)->in_window -= static_cast<std::uint32_t>(n);
  return {};
}

Status ChannelTable::on_window_adjust(ChannelId id, std::uint32_t bytes) {
  Channel* c = get(id);
  if (!c || c->phase != ChannelPhase::open || c->close_in) return {};
  // RFC 4254 §5.2: a window may not exceed 2^32 - 1.
  if (bytes > std::numeric_limits<std::uint32_t>::max() - c->out_window) return breach("window overflow");
  c->out_window += bytes;
  return {};
}

Status ChannelTable::on_eof(ChannelId id) {
  auto c = speaking_peer(id, "EOF after CLOSE");
  if (!c) return base::pass(c);
  (*c)->eof_in = true;  // said twice by some clients, of a stream that they close twice: it means no more than once
  return {};
}

Result<bool> ChannelTable::on_close(ChannelId id) {
  auto c = speaking_peer(id, "CLOSE twice");
  if (!c) return base::pass(c);
  (*c)->close_in = true;
  if (!(*c)->close_out) return false;
  release(**c);
  return true;
}

Status ChannelTable::on_request(ChannelId id, WantReply want_reply) {
  auto c = speaking_peer(id, "request after CLOSE");
  if (!c) return base::pass(c);
  if (want_reply == WantReply::no) return {};
  if ((*c)->replies_owed >= limits_.max_pending_replies) return fail(Errc::full, "channel: too many requests");
  ++(*c)->replies_owed;
  return {};
}

Result<bool> ChannelTable::on_reply(ChannelId id) {
  auto c = speaking_peer(id, "answer after CLOSE");
  if (!c) return base::pass(c);
  if ((*c)->replies_awaited == 0) return false;
  --(*c)->replies_awaited;
  return true;
}

}  // namespace sallyport::codec::ssh
