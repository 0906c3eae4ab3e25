// SPDX-License-Identifier: Apache-2.0
// The live phase of a leg: channels of its peer's connection on one side, events on the other. The same for a front and
// a back; what differs is in RelayRole. Untrusted side: it decides nothing, it only keeps order and bounds.
//
// Flow control is end to end: the peer's window is what the far leg granted, and the far leg is granted what the peer's
// window allows. So neither leg holds more than a channel's window, and a peer that does not read stops only itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/connection.h"
#include "leg/broker_port.h"
#include "leg/ssh/relay_channel.h"
#include "leg/ssh/relay_role.h"

namespace sallyport::event {
class ChannelOpen;
class Event;
class Exit;
class GlobalAnswer;
class GlobalRequest;
class Request;
}  // namespace sallyport::event

namespace sallyport::leg::ssh {

/// Which of the two legs this is: a front numbers its channels evenly, a back oddly; bulk goes up from a front.
enum class Side : std::uint8_t { front, back };

/// What may be asked for on a channel before the target was chosen, or has opened it; and what each request costs
/// beside its bytes.
inline constexpr std::size_t kMaxHeldEventBytes = 320 * 1024;
inline constexpr std::size_t kHeldEventCost = 64;
/// The window a peer gets on a channel that is confirmed before the far leg has granted anything.
inline constexpr std::uint32_t kEarlyWindow = 32 * 1024;
/// The largest data message we ask for: one Data event.
inline constexpr std::uint32_t kMaxPacket = 32 * 1024;

class Relay {
 public:
  /// All must outlive the relay.
  Relay(Side side, codec::ssh::Transport& transport, codec::ssh::Connection& connection, BrokerPort& port,
        RelayRole& role);

  // The peer.
  /// A payload of the connection protocol. Errors: the peer's breach.
  base::Status peer_message(base::ByteView payload);

  // The broker. Errors: what it said cannot be; end the worker.
  base::Status far_event(base::ByteView serialized);
  base::Status far_credit(std::uint32_t channel, std::uint32_t bytes);
  /// BulkStart: this stream of the channel goes through the ring; ours to send, or ours to receive.
  void start_bulk(std::uint32_t channel, StreamId stream, bool up);

  /// Sends what windows and room now allow. To be called before every wait.
  base::Status pump();

  // For the role and the bulk path.
  RelayChannel* find(std::uint32_t number);
  void for_each(const std::function<void(RelayChannel&)>& visit);
  std::size_t size() const { return by_number_.size(); }
  /// True when there were channels and the peer has closed them all.
  bool peer_closed_all() const;
  /// Confirms a channel that the role answers by itself (Opening::local).
  base::Status confirm_here(RelayChannel& channel);
  /// Refuses one.
  base::Status refuse_here(RelayChannel& channel, codec::ssh::OpenFailureReason reason, std::string_view text);
  /// Makes the channel the role's own: what waited for the far leg is dropped, answers that are owed become yes.
  void localize(RelayChannel& channel);
  /// Keeps a request of a held-back channel that the role has answered. want: whether the far leg is to answer too; its
  /// answer goes to RelayRole::swallowed_answer(). Errors: full; end the connection.
  base::Status hold_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request,
                            codec::ssh::WantReply want);
  /// EOF and CLOSE to the peer after what is queued; the far leg is not told.
  void close_here(RelayChannel& channel);
  /// Data that reaches the peer of this leg alone (notices); behind what is queued.
  void say(RelayChannel& channel, StreamId stream, base::ByteView data);
  /// The same, and answers on this channel wait until the peer has seen it: OpenSSH's client ends at a refusal without
  /// showing what came just before. True: until seen() at the latest, which the caller sees to.
  bool say_before_answers(RelayChannel& channel, StreamId stream, base::ByteView data);
  base::Status seen(RelayChannel& channel);
  /// Sends what gathered in held_events.
  void release(RelayChannel& channel);
  /// n bytes that came from the peer went no further: its window opens again.
  base::Status consumed_here(RelayChannel& channel, std::size_t n);
  /// Sends every answer that is due in order.
  base::Status flush_answers(RelayChannel& channel);
  base::Status flush_global_answers();
  /// A global request of the role's own, with an answer wanted: it goes to RelayRole::peer_global_answer().
  base::Status ask_peer(const codec::ssh::GlobalRequestBody& body);
  AnswerQueue& global_answers() { return global_answers_; }
  /// An exit status unless the far leg's went out, then close_here().
  void finish_here(RelayChannel& channel, std::uint32_t exit_status);
  /// Bulk bytes of the far leg were received: checks grant and state. Errors: the far leg exceeded them.
  base::Status received(RelayChannel& channel, StreamId stream, std::size_t n);
  /// Gives received bytes to the peer, or queues what does not fit now.
  base::Status deliver(RelayChannel& channel, StreamId stream, base::ByteView data);
  /// True when nothing the peer could still read is to be delivered.
  static bool discards(const RelayChannel& channel) { return channel.in.close || channel.out.close_sent; }
  /// Something changed that may let pump() do more.
  void touch() { dirty_ = true; }
  codec::ssh::Connection& connection() { return connection_; }
  codec::ssh::Transport& transport() { return transport_; }

 private:
  // relay_peer.cc
  base::Status on(const codec::ssh::ChannelOpen& m);
  base::Status on(const codec::ssh::ChannelOpenConfirmation& m);
  base::Status on(const codec::ssh::ChannelOpenFailure& m);
  base::Status on(const codec::ssh::ChannelWindowAdjust& m);
  base::Status on(const codec::ssh::ChannelData& m);
  base::Status on(const codec::ssh::ChannelExtendedData& m);
  base::Status on(const codec::ssh::ChannelEof& m);
  base::Status on(const codec::ssh::ChannelClose& m);
  base::Status on(const codec::ssh::ChannelRequest& m);
  base::Status on(const codec::ssh::ChannelSuccess& m);
  base::Status on(const codec::ssh::ChannelFailure& m);
  base::Status on(const codec::ssh::GlobalRequest& m);
  base::Status on(const codec::ssh::RequestSuccess& m);
  base::Status on(const codec::ssh::RequestFailure& m);
  base::Status on(const codec::ssh::UnknownMessage& m);
  base::Status data(codec::ssh::ChannelId id, StreamId stream, base::ByteView bytes);
  base::Status answer(codec::ssh::ChannelId id, bool ok);
  void forward(RelayChannel& channel, StreamId stream, base::ByteView bytes);
  void begin_bulk(RelayChannel& channel, StreamId stream);
  base::Status global_answer(bool ok, base::ByteView bytes);
  void flush_held(RelayChannel& channel);
  void tell_end(RelayChannel& channel);

  // relay_far.cc
  base::Status far_open(const event::ChannelOpen& m);
  base::Status far_opened(RelayChannel& channel, std::uint32_t window);
  base::Status far_refused(RelayChannel& channel, std::uint32_t reason, const std::string& text);
  base::Status keep_early(RelayChannel& channel, base::ByteView serialized);
  base::Status far_channel_event(RelayChannel& channel, const event::Event& event);
  base::Status far_request(RelayChannel& channel, const event::Request& request);
  base::Status far_exit(RelayChannel& channel, const event::Exit& exit);
  base::Status far_answer(RelayChannel& channel, bool ok);
  base::Status far_bulk_begin(RelayChannel& channel, StreamId stream, std::uint64_t offset);
  base::Status far_global_request(const event::GlobalRequest& m);
  base::Status far_global_answer(const event::GlobalAnswer& m);

  // relay.cc
  RelayChannel& make(std::uint32_t number, codec::ssh::ChannelId id, OpenedBy by, std::string type);
  RelayChannel* by_id(codec::ssh::ChannelId id);
  void emit(RelayChannel& channel, const event::Event& event);
  base::Status drain(RelayChannel& channel);
  base::Status finish_out(RelayChannel& channel);
  void grant(RelayChannel& channel);
  std::uint32_t first_grant(RelayChannel& channel);
  void forget(RelayChannel& channel);
  void forget_if_done(RelayChannel& channel);
  void sweep();

  const Side side_;
  codec::ssh::Transport& transport_;
  codec::ssh::Connection& connection_;
  BrokerPort& port_;
  RelayRole& role_;
  std::map<std::uint32_t, std::unique_ptr<RelayChannel>> by_number_;
  std::vector<RelayChannel*> by_id_;
  std::uint32_t next_number_;
  AnswerQueue global_answers_;
  enum class Asker : bool { far_leg, role };
  std::vector<Asker> global_asked_;  // of the peer, answers awaited in order
  bool dirty_ = false;
};

}  // namespace sallyport::leg::ssh
