// SPDX-License-Identifier: Apache-2.0
// The verdict over each event before it is recorded and forwarded: is this leg allowed to say that, and does the grant
// allow it. Trusted side; pure. Whatever is not named passes nothing.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "broker/session/channel_book.h"
#include "broker/session/judgement.h"
#include "broker/ssh/bound_programs.h"
#include "policy/permission.h"
#include "policy/proof_limits.h"

namespace sallyport::event {
class Event;
class Request;
}  // namespace sallyport::event

namespace sallyport::broker {

class Gate {
 public:
  Gate(policy::Permissions permissions, std::size_t max_channels, policy::ProofLimits proof = {},
       policy::ProgramBound bound = {})
      : permissions_(permissions), max_channels_(max_channels), proof_(std::move(proof)), bound_(std::move(bound)) {}

  /// Judges, and books what passes (opens, purposes, counts, ends of streams) in the book.
  Judgement judge(const event::Event& event, Direction from, ChannelBook& book);

  /// The login behind the session does not count any more: what is open goes on, and the user begins nothing new.
  void bar_what_is_new() { barred_ = true; }
  /// What was asked for before and is not allowed any more is refused, too, where the target opens it.
  void allow_only(policy::Permissions permissions);
  /// What is open without a permission; empty: nothing.
  std::string overstepped(const ChannelBook& book) const;

 private:
  Judgement channel_open(const event::Event& event, Direction from, ChannelBook& book) const;
  Judgement request(const event::Event& event, Direction from, ChannelBook& book);
  std::string outside_proof(const event::Request& request) const;
  Judgement data(const event::Event& event, Direction from, ChannelBook& book) const;
  Judgement end_of_stream(const event::Event& event, Direction from, ChannelBook& book) const;
  Judgement bulk(const event::Event& event, Direction from, ChannelBook& book) const;
  Judgement global(const event::Event& event, Direction from);

  policy::Permissions permissions_;
  std::size_t max_channels_;
  policy::ProofLimits proof_;
  BoundPrograms bound_;
  bool barred_ = false;
  std::size_t globals_unanswered_ = 0;
  bool x11_asked_ = false, agent_asked_ = false, remote_forward_asked_ = false;
};

}  // namespace sallyport::broker
