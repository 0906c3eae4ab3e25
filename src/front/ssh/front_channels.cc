// SPDX-License-Identifier: Apache-2.0
// What a front adds to the relay of channels: sessions are confirmed before there is a target, and some keys typed are
// meant for us.
#include "event/event.pb.h"
#include "front/ssh/front_worker.h"

namespace sallyport::front::ssh {

using leg::StreamId;
using leg::ssh::AnswerQueue;
using leg::ssh::Opening;
using leg::ssh::RelayChannel;
using leg::ssh::Took;

namespace {

FrontChannel& front_of(RelayChannel& channel) {
  return static_cast<FrontChannel&>(*channel.role);
}

void answer_here(RelayChannel& channel, const codec::ssh::ChannelRequest& request, AnswerQueue::State answer) {
  if (request.want_reply == codec::ssh::WantReply::yes) channel.answers.push(answer);
}

}  // namespace

Opening FrontWorker::peer_opens(RelayChannel& channel, const codec::ssh::ChannelOpen& open) {
  auto role = std::make_unique<FrontChannel>();
  role->session = std::holds_alternative<codec::ssh::OpenSession>(open.body);
  const bool session = role->session;
  channel.role = std::move(role);
  if (session && no_more_sessions_) {
    (void)relay().refuse_here(channel, codec::ssh::OpenFailureReason::administratively_prohibited,
                              "no more sessions, as you asked");
    return Opening::local;
  }
  if (refusal_) {
    if (session) {
      front_of(channel).farewell = *refusal_;
      (void)relay().confirm_here(channel);
    } else {
      (void)relay().refuse_here(channel, codec::ssh::OpenFailureReason::administratively_prohibited, refusal_->text);
    }
    return Opening::local;
  }
  if (choosing_) {
    if (!session) return open_jump(channel, open);
    channel.held_back = true;
    return Opening::confirmed;
  }
  // A stock client waits on its first session for approval or a slow target without losing patience. Every other
  // channel gets the target's own answer: a client that learns in the opening that there is no room (MaxSessions)
  // connects anew.
  return session && !target_ready_ && only_session(channel) ? Opening::confirmed : Opening::peer_asked;
}

bool FrontWorker::only_session(const RelayChannel& channel) {
  bool only = true;
  relay().for_each([&](const RelayChannel& other) {
    only = only && (&other == &channel || !other.role || !static_cast<const FrontChannel&>(*other.role).session);
  });
  return only;
}

Took FrontWorker::peer_data(RelayChannel& channel, StreamId, base::ByteView data) {
  if (!channel.role) return Took::no;
  FrontChannel& front = front_of(channel);
  base::Status done;
  if (front.jump) {
    front.jump->data(data);
    return Took::yes;
  }
  if (front.menu) {
    done = menu_keys(channel, data);
  } else if (front.prompt || front.judged) {
    done = prompt_keys(channel, data);
  } else {
    return Took::no;
  }
  if (!done) finish(done.error().message, leg::Ending::broken);
  return Took::yes;
}

void FrontWorker::note_request(FrontChannel& front, const codec::ssh::ChannelRequest& request) {
  if (const auto* pty = std::get_if<codec::ssh::PtyRequest>(&request.body)) {
    front.pty = true;
    front.term = std::string(pty->term);
    front.size = {pty->columns, pty->rows};
  } else if (const auto* change = std::get_if<codec::ssh::WindowChange>(&request.body)) {
    front.size = {change->columns, change->rows};
  } else if (std::holds_alternative<codec::ssh::ShellRequest>(request.body)) {
    front.program = Program::shell;
  } else if (const auto* exec = std::get_if<codec::ssh::ExecRequest>(&request.body)) {
    front.program = Program::exec;
    if (choosing_) front.command = base::to_bytes(base::view(exec->command));
  } else if (std::holds_alternative<codec::ssh::SubsystemRequest>(request.body)) {
    front.program = Program::subsystem;
  }
}

Took FrontWorker::peer_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request) {
  if (!channel.role) return Took::no;
  FrontChannel& front = front_of(channel);
  const bool idle = front.program == Program::none;
  note_request(front, request);
  if (channel.opening == Opening::local) {
    answer_here(channel, request, front.session ? AnswerQueue::State::yes : AnswerQueue::State::no);
    if (front.farewell && front.program != Program::none) {
      (void)relay().flush_answers(channel);
      say_farewell(channel);
    }
    return Took::yes;
  }
  if (channel.held_back) return lobby_request(channel, request);
  if (front.session && front.program != Program::none) {
    show_banner(channel);
    if (idle) say_waiting(channel);
  }
  return Took::no;
}

void FrontWorker::far_terminal_state(RelayChannel& channel, const event::TerminalState& state) {
  if (!channel.role) return;
  codec::terminal::Traits traits;
  for (int trait = 0; state.unknown() && trait < codec::terminal::kTraits; ++trait) {
    traits.add(static_cast<codec::terminal::Trait>(trait));
  }
  for (const int trait : state.traits()) {
    if (trait < codec::terminal::kTraits) traits.add(static_cast<codec::terminal::Trait>(trait));
  }
  front_of(channel).traits = traits;
}

void FrontWorker::request_not_carried(RelayChannel& channel, std::string_view why) {
  say_reason(channel, "Sallyport: " + std::string(why) + " is not carried.");
}

Took FrontWorker::peer_global_request(const codec::ssh::GlobalRequest& request) {
  const auto answer = [&](AnswerQueue::State state) {
    if (request.want_reply == codec::ssh::WantReply::yes) relay().global_answers().push(state);
    return Took::yes;
  };
  if (std::holds_alternative<codec::ssh::NoMoreSessions>(request.body)) {
    no_more_sessions_ = true;
    return answer(AnswerQueue::State::yes);
  }
  if (std::holds_alternative<codec::ssh::HostKeysProve>(request.body) || choosing_ || refusal_) {
    return answer(AnswerQueue::State::no);
  }
  return Took::no;
}

void FrontWorker::peer_finished(RelayChannel& channel) {
  if (!channel.role) return;
  FrontChannel& front = front_of(channel);
  if (front.jump) front.jump->client_finished();
  if (channel.in.close) {
    if (front.menu) give_up_choosing(channel);
    front.menu.reset();
    front.prompt.reset();
  }
}

// The peer holds the channel confirmed: what the refusal says is shown there.
void FrontWorker::far_refused(RelayChannel& channel, std::string_view text) {
  FrontChannel& front = front_of(channel);
  front.farewell = Farewell{std::string(text), 1};
  channel.answers.answer_all(true);
  if (front.program == Program::none) return;
  (void)relay().flush_answers(channel);
  say_farewell(channel);
}

// Only a start of a program was answered before its time: see lobby_request().
void FrontWorker::swallowed_answer(RelayChannel& channel, bool ok) {
  if (ok || !channel.role || front_of(channel).farewell) return;
  front_of(channel).farewell = Farewell{"", 1};
  say_farewell(channel);
}

void FrontWorker::channel_gone(RelayChannel&) {
  if (refusal_ && relay().size() <= 1) {
    // The client has seen the text and usually hangs up by itself.
    loop().after(2'000'000, [this] {
      disconnect(codec::ssh::DisconnectReason::by_application, "", "refused", leg::Ending::clean);
    });
  }
}

base::Status FrontWorker::role_pump() {
  if (leaving_) see_off();
  if (!live() || !jumping_) return {};
  base::Status done;
  relay().for_each([&](RelayChannel& channel) {
    if (!done || !channel.role || !front_of(channel).jump) return;
    done = front_of(channel).jump->pump();
  });
  return done;
}

}  // namespace sallyport::front::ssh
