// SPDX-License-Identifier: Apache-2.0
// What is said to the user between the target's words: notices, the question for a password, the end. None of it is in
// the stream that is recorded as the target's; the broker records it as its own act.
#include "base/escape.h"
#include "front/ssh/bulk.h"
#include "front/ssh/front_worker.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::front::ssh {

using leg::StreamId;
using leg::ssh::RelayChannel;

namespace {

constexpr std::size_t kMaxLineBytes = 1024;
constexpr std::size_t kMaxLines = 200;
constexpr std::uint32_t kExitOnTerminate = 255;
// So long it may take for ours: a client that is told of the end together with them drops them.
constexpr base::Micros kOwnWordsUs = 200'000;
// So long answers wait for a client that does not say that it has seen what comes before them.
constexpr base::Micros kSeenPatienceUs = 500'000;
// So long a client may take for the last words of its channels: a little less than the broker gives
// (session_ending.cc).
constexpr base::Micros kLastWordsUs = 9'000'000;

FrontChannel& front_of(RelayChannel& channel) {
  return static_cast<FrontChannel&>(*channel.role);
}

// Line by line, so that only our own line ends get through.
std::string lines_of(std::string_view text, std::string_view line_end) {
  std::string out;
  for (std::size_t lines = 0; !text.empty() && lines < kMaxLines; ++lines) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += base::escape_for_terminal(text.substr(0, end), kMaxLineBytes);
    out += line_end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

void FrontWorker::say(RelayChannel& channel, std::string_view text, bool interrupts) {
  if (front_of(channel).pty) {
    relay().say(channel, StreamId::main, base::view((interrupts ? "\r\n" : "") + lines_of(text, "\r\n")));
  } else {
    relay().say(channel, StreamId::stderr_data, base::view(lines_of(text, "\n")));
  }
}

// Why a request is refused: before its answer.
void FrontWorker::say_reason(RelayChannel& channel, std::string_view text) {
  if (!channel.role || !front_of(channel).session || front_of(channel).menu) return;
  const bool pty = front_of(channel).pty;
  const std::string lines = lines_of(text, pty ? "\r\n" : "\n");
  if (!relay().say_before_answers(channel, pty ? StreamId::main : StreamId::stderr_data, base::view(lines))) return;
  loop().after(kSeenPatienceUs, [this, number = channel.number] {
    if (RelayChannel* then = relay().find(number)) (void)relay().seen(*then);
  });
}

void FrontWorker::notice(const ipc::Notice& notice) {
  if (notice.resumes()) end_prompts();
  if (notice.one_channel()) {
    if (RelayChannel* channel = relay().find(notice.channel())) say_reason(*channel, notice.text());
    return;
  }
  if (notice.waits()) waiting_text_ = notice.text();
  relay().for_each([&](RelayChannel& channel) {
    if (!channel.role || !front_of(channel).session || front_of(channel).menu) return;
    if (!notice.waits() || front_of(channel).program != Program::none) say(channel, notice.text(), true);
  });
}

// A program that is asked for while there is no target is told what it waits for.
void FrontWorker::say_waiting(RelayChannel& channel) {
  if (!waiting_text_.empty() && !target_ready_) say(channel, waiting_text_, false);
}

void FrontWorker::target_ready(const ipc::TargetReady& ready) {
  target_ready_ = true;
  banner_ = ready.banner();
  banner_on_terminals_only_ = ready.on_terminals_only();
  relay().for_each([this](RelayChannel& channel) {
    if (channel.role && front_of(channel).session && front_of(channel).program != Program::none) show_banner(channel);
  });
}

// Once, where the first program of the session speaks: with its terminal, or on its standard error.
void FrontWorker::show_banner(RelayChannel& channel) {
  if (banner_.empty() || (banner_on_terminals_only_ && !front_of(channel).pty)) return;
  const bool pty = front_of(channel).pty;
  std::string shown;
  for (std::string_view rest = banner_; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    shown += base::mask_for_terminal(rest.substr(0, end)) + (pty ? "\r\n" : "\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  relay().say(channel, pty ? StreamId::main : StreamId::stderr_data, base::view(shown));
  banner_.clear();
}

void FrontWorker::ask_password(const ipc::AskPassword& ask) {
  RelayChannel* terminal = nullptr;
  relay().for_each([&](RelayChannel& channel) {
    if (!channel.role) return;
    FrontChannel& front = front_of(channel);
    const bool running = front.session && front.program != Program::none && !leg::ssh::Relay::discards(channel);
    if (running && front.pty && (terminal == nullptr || front.judged)) terminal = &channel;
    if (running && !front.pty && !ask.again()) say(channel, ask.prompt(), true);
  });
  if (terminal == nullptr) return;
  FrontChannel& front = front_of(*terminal);
  if (!front.prompt) front.prompt = std::make_unique<leg::PasswordPrompt>();
  front.judged = false;
  const std::string prompt = "\r\n" + base::escape_for_terminal(ask.prompt(), kMaxLineBytes);
  relay().say(*terminal, StreamId::main, base::view(prompt));
}

base::Status FrontWorker::prompt_keys(RelayChannel& channel, base::ByteView keys) {
  FrontChannel& front = front_of(channel);
  if (front.prompt && front.prompt->input(keys)) {
    const base::SecretBytes line = front.prompt->take();
    front.prompt.reset();
    front.judged = true;
    ipc::FrontToBroker message;
    message.mutable_reauthenticate()->set_password(base::to_text(line.view()));
    port().send_secret_control(message);
    leg::ssh::wipe(*message.mutable_reauthenticate()->mutable_password());
    relay().say(channel, StreamId::main, base::view("\r\n"));
  }
  transport().wipe_last_message();
  return relay().consumed_here(channel, keys.size());
}

void FrontWorker::end_prompts() {
  relay().for_each([](RelayChannel& channel) {
    if (!channel.role) return;
    front_of(channel).prompt.reset();
    front_of(channel).judged = false;
  });
}

// What a program has set on the user's terminal nobody else takes back now.
void FrontWorker::end_by_force(RelayChannel& channel, std::string_view text) {
  const FrontChannel& front = front_of(channel);
  if (front.pty && Menu::kind_for(front.term) == Menu::Kind::full) {
    relay().say(channel, StreamId::main, base::view(codec::terminal::undo(front.traits)));
  }
  if (!text.empty()) say(channel, text, true);
  relay().finish_here(channel, kExitOnTerminate);
}

// When the target ended it, its last words still go to the client, and so they do on a channel that had ended before
// somebody else ended the session.
void FrontWorker::terminate(const ipc::Terminate& message) {
  const std::string& text = message.text();
  const bool last_words = text.empty() || message.last_words();
  if (leaving_ || !live()) return leave(text);
  (last_words ? unfinished_text_ : farewell_text_) = text;
  bool others_words = false;
  relay().for_each([&](RelayChannel& channel) {
    if (!channel.role || front_of(channel).jump) return;
    if (channel.opening == leg::ssh::Opening::peer_asked) {
      (void)relay().refuse_here(channel, codec::ssh::OpenFailureReason::connect_failed, "the session is over");
      return;
    }
    if (last_words || channel.out.close || channel.out.exit_sent) {
      front_of(channel).awaited = leaving_ = others_words = true;
      return;
    }
    if (!front_of(channel).session) return;
    end_by_force(channel, text);
    front_of(channel).awaited = leaving_ = true;
  });
  (void)relay().pump();
  if (!leaving_) return leave(farewell_text_);
  loop().after(others_words ? kLastWordsUs : kOwnWordsUs, [this] { leave(farewell_text_); });
}

// A client that has answered CLOSE with CLOSE has all that came before it.
void FrontWorker::see_off() {
  // The back has ended, so an empty ring stays empty.
  const bool dry = bulk() == nullptr || static_cast<Bulk*>(bulk())->dry();
  bool anybody = false;
  relay().for_each([&](RelayChannel& channel) {
    if (!channel.role || !front_of(channel).awaited) return;
    if (!channel.out.close && dry) {
      const bool running = front_of(channel).program != Program::none && !channel.out.exit_sent;
      if (front_of(channel).session && running) {
        end_by_force(channel, unfinished_text_);
      } else {
        front_of(channel).session ? relay().finish_here(channel, kExitOnTerminate) : relay().close_here(channel);
      }
    }
    anybody = anybody || !channel.in.close || !channel.out.close_sent;
  });
  if (!anybody) leave(farewell_text_);
}

void FrontWorker::leave(const std::string& text) {
  disconnect(codec::ssh::DisconnectReason::by_application, base::escape_for_terminal(text, kMaxLineBytes), "terminated",
             leg::Ending::clean);
}

}  // namespace sallyport::front::ssh
