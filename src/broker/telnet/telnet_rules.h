// SPDX-License-Identifier: Apache-2.0
// The rules of a session whose target speaks Telnet: one terminal with a shell, and nothing else. Trusted side; pure.
// Whatever is not named passes nothing.
#pragma once

#include "broker/session/rules.h"
#include "policy/permission.h"

namespace sallyport::broker {

class TelnetRules : public Rules {
 public:
  explicit TelnetRules(policy::Permissions permissions) : permissions_(permissions) {}

  Judgement judge(const event::Event& event, Direction from, ChannelBook& book) override;
  std::string_view counted_as(const std::string& channel_type) const override;
  bool begins(const event::Event& event) const override;
  void bar_what_is_new() override { barred_ = true; }
  void allow_only(policy::Permissions permissions) override { permissions_ = permissions; }
  /// All that a Telnet session has is its shell.
  std::string overstepped(const ChannelBook&) const override {
    for (const policy::Permission needed : {policy::Permission::telnet, policy::Permission::shell}) {
      if (!permissions_.has(needed)) return policy::to_string(needed);
    }
    return {};
  }
  /// What is typed takes effect at the first control character, and every request but a new window size.
  Effect effect(const event::Event& event, const ChannelBook& book) const override;
  void passing(const event::Event& event, std::uint64_t sequence, Outbox& out) override;
  void passed(const event::Event& event, Direction from, ChannelBook& book, Outbox& out) override;
  void refused(const event::Event& event, Direction from, std::uint64_t sequence, const Judgement& judgement,
               ChannelBook& book, Outbox& out) override;

 private:
  Judgement from_user(const event::Event& event, ChannelBook& book) const;
  Judgement from_target(const event::Event& event, ChannelBook& book) const;
  Judgement channel_open(const event::Event& event, ChannelBook& book) const;
  Judgement request(const event::Event& event, ChannelBook& book) const;
  Judgement shell(Channel& channel) const;

  policy::Permissions permissions_;
  bool barred_ = false;
};

}  // namespace sallyport::broker
