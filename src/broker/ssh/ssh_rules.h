// SPDX-License-Identifier: Apache-2.0
// The rules of a session whose target speaks SSH: the gate's verdicts, and what the broker answers in its own name (RFC
// 4254 §4, §5). Trusted side; pure.
#pragma once

#include <cstddef>

#include "broker/session/rules.h"
#include "broker/ssh/gate.h"

namespace sallyport::broker {

class SshRules : public Rules {
 public:
  SshRules(policy::Permissions permissions, std::size_t max_channels, policy::ProofLimits proof = {},
           policy::ProgramBound bound = {})
      : gate_(permissions, max_channels, std::move(proof), std::move(bound)) {}

  Judgement judge(const event::Event& event, Direction from, ChannelBook& book) override;
  std::string_view counted_as(const std::string& channel_type) const override;
  bool begins(const event::Event& event) const override;
  void bar_what_is_new() override { gate_.bar_what_is_new(); }
  void allow_only(policy::Permissions permissions) override { gate_.allow_only(permissions); }
  std::string overstepped(const ChannelBook& book) const override { return gate_.overstepped(book); }
  /// What is typed into a terminal takes effect at the first control character; whatever goes into a program without a
  /// terminal may (a file operation may be any byte of it), and every request but a new window size.
  Effect effect(const event::Event& event, const ChannelBook& book) const override;
  void passing(const event::Event& event, std::uint64_t sequence, Outbox& out) override;
  void passed(const event::Event& event, Direction from, ChannelBook& book, Outbox& out) override;
  void refused(const event::Event& event, Direction from, std::uint64_t sequence, const Judgement& judgement,
               ChannelBook& book, Outbox& out) override;

 private:
  void answer_globals_in_turn(Outbox& out);

  Gate gate_;
  AnswersDue globals_due_;
};

}  // namespace sallyport::broker
