// SPDX-License-Identifier: Apache-2.0
// RFC 1143 without its queues: this side asks for an option once and never takes it back.
#include "codec/telnet/options.h"

#include <algorithm>

namespace sallyport::codec::telnet {

namespace {

// The peer may echo, but this client's user must not: what the user typed would be shown by two sides.
bool may_be_ours(Option option) {
  return option != Option::echo;
}
bool may_be_theirs(Option option) {
  return option == Option::binary || option == Option::echo || option == Option::suppress_go_ahead;
}

void say(Command verb, std::uint8_t option, base::Bytes& out) {
  out.insert(out.end(), {kIac, static_cast<std::uint8_t>(verb), option});
}

}  // namespace

std::optional<Option> Options::known(std::uint8_t option) {
  const auto it = std::find(kKnown.begin(), kKnown.end(), static_cast<Option>(option));
  return it == kKnown.end() ? std::nullopt : std::optional(*it);
}

std::size_t Options::slot(Option option) {
  return static_cast<std::size_t>(std::find(kKnown.begin(), kKnown.end(), option) - kKnown.begin());
}

base::Result<Options::Change> Options::heard(Command verb, std::uint8_t number, base::Bytes& out) {
  const bool about_ours = verb == Command::do_it || verb == Command::dont;
  const bool wants_on = verb == Command::do_it || verb == Command::will;
  const Command agree = about_ours ? (wants_on ? Command::will : Command::wont)  //
                                   : (wants_on ? Command::do_it : Command::dont);
  const Command refuse = about_ours ? Command::wont : Command::dont;
  const auto answer = [&](Command word) -> base::Status {
    if (++answers_ > kMaxAnswers) return base::fail(base::Errc::invalid, "options are negotiated without end");
    say(word, number, out);
    return {};
  };
  const auto option = known(number);
  const bool acceptable = option && (about_ours ? may_be_ours(*option) : may_be_theirs(*option));
  if (!acceptable) {
    // An option that is off and is switched off needs no answer (RFC 854: no acknowledgement of a state in force).
    if (wants_on) {
      if (auto said = answer(refuse); !said) return base::pass(said);
    }
    return Change::none;
  }
  State& state = about_ours ? ours_[slot(*option)] : theirs_[slot(*option)];
  const State before = state;
  state = wants_on ? State::yes : State::no;
  const bool was_on = before == State::yes;
  if (was_on == wants_on) return Change::none;
  // What we asked for is answered by this: no word of ours is due.
  if (before != State::want_yes) {
    if (auto said = answer(agree); !said) return base::pass(said);
  }
  if (about_ours) return wants_on ? Change::ours_on : Change::ours_off;
  return wants_on ? Change::theirs_on : Change::theirs_off;
}

void Options::offer(Option option, base::Bytes& out) {
  State& state = ours_[slot(option)];
  if (state != State::no) return;
  state = State::want_yes;
  say(Command::will, static_cast<std::uint8_t>(option), out);
}

void Options::ask(Option option, base::Bytes& out) {
  State& state = theirs_[slot(option)];
  if (state != State::no) return;
  state = State::want_yes;
  say(Command::do_it, static_cast<std::uint8_t>(option), out);
}

}  // namespace sallyport::codec::telnet
