// SPDX-License-Identifier: Apache-2.0
// The login by prompts, then the channel.
#include "back/telnet/telnet_worker.h"

#include "base/escape.h"
#include "ipc/telnet.pb.h"

namespace sallyport::back::telnet {

namespace {

using base::Errc;
using base::fail;

constexpr std::size_t kMaxEndedReason = 1024;
constexpr std::size_t kMaxPasswordBytes = 1024;
// A target that shows nothing for so long waits for an answer.
constexpr base::Micros kQuietUs = 1'000'000;
// The target asks for the terminal's name before anybody knows the user's (RFC 1091); every target knows this one.
constexpr const char* kTerminalName = "xterm";

std::vector<std::string> strings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

}  // namespace

TelnetWorker::TelnetWorker(leg::WorkerSockets sockets, const base::Clock& clock)
    : WorkerLife(sockets, clock), peer_fd_(sockets.peer), channel_(client_, port()) {}

base::Status TelnetWorker::on_control(base::ByteView bytes, std::span<base::Fd>) {
  ipc::BrokerToTelnet message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupt, "malformed message");
  }
  using Kind = ipc::BrokerToTelnet;
  if (message.kind_case() == Kind::kStart) return start(message.start());
  if (!peer_) return fail(Errc::corrupt, "a message before the start");
  switch (message.kind_case()) {
    case Kind::kPassword:
      // The copy that it came in is overwritten too. The link's buffer is nobody else's.
      base::wipe(const_cast<std::uint8_t*>(bytes.data()), bytes.size());
      return password(*message.mutable_password());
    case Kind::kTerminate:
      finish("terminated", leg::Ending::clean);
      return {};
    case Kind::kCredit:
      if (draining() && !live_) return {};
      return channel_.far_credit(message.credit().channel(), message.credit().bytes());
    default:
      return fail(Errc::corrupt, "a message that no Telnet back takes");
  }
}

base::Status TelnetWorker::start(const ipc::TelnetStart& start) {
  if (peer_) return fail(Errc::corrupt, "a second start");
  login_name_ = start.login_name();
  login_.emplace(
      Prompts{start.name_prompt(), start.password_prompt(), strings(start.shell_prompts()), strings(start.refusals())});
  client_.start(kTerminalName, {});
  peer_ = std::make_unique<leg::BytePeer>(loop(), peer_fd_, client_.output(), *this);
  attach(*peer_);
  return {};
}

base::Status TelnetWorker::password(ipc::TelnetPassword& message) {
  std::string& password = *message.mutable_password();
  const bool due = std::exchange(password_due_, false);
  base::Status done;
  if (!due || password.size() > kMaxPasswordBytes) {
    done = fail(Errc::corrupt, "a password that nobody waits for");
  } else {
    // Room for every byte doubled: the buffer does not move, and so leaves no copy behind.
    client_.output().reserve(client_.output().size() + 2 * (password.size() + 1));
    client_.type(base::view(password));
    client_.type(base::view("\r"));
    password_waits_ = true;
  }
  base::wipe(password.data(), password.size());
  return done;
}

void TelnetWorker::wipe_written() {
  if (!password_waits_ || !client_.output().empty()) return;
  password_waits_ = false;
  base::Bytes& output = client_.output();
  output.resize(output.capacity());
  base::wipe(output.data(), output.size());
  output.clear();
}

base::Status TelnetWorker::peer_bytes(base::ByteView bytes) {
  shown_.clear();
  if (auto fed = client_.feed(bytes, shown_); !fed) return fed;
  if (login_) return log_in_further();
  channel_.show(shown_);
  return {};
}

base::Status TelnetWorker::log_in_further() {
  loop().cancel(asked_again_timer_);
  auto due = login_->shown(shown_);
  if (!due) return base::pass(due);
  switch (*due) {
    case Login::Due::nothing:
      return {};
    case Login::Due::name:
      client_.type(base::view(login_name_));
      client_.type(base::view("\r"));
      return {};
    case Login::Due::password: {
      ipc::TelnetToBroker message;
      message.mutable_password_wanted();
      password_due_ = true;
      port().send_control(message);
      return {};
    }
    case Login::Due::done:
      channel_.show(login_->greeting());
      login_done(true);
      live_ = true;
      return {};
    case Login::Due::refused:
      login_refused();
      return {};
    case Login::Due::asked_again:
      asked_again_timer_ = loop().after(kQuietUs, [this] { login_refused(); });
      return {};
  }
  return {};
}

void TelnetWorker::login_refused() {
  login_done(false);
  finish("login refused", leg::Ending::clean);
}

void TelnetWorker::login_done(bool ok) {
  loop().cancel(asked_again_timer_);
  login_.reset();
  ipc::TelnetToBroker message;
  message.mutable_login_done()->set_ok(ok);
  port().send_control(message);
}

base::Status TelnetWorker::on_event(base::ByteView bytes) {
  event::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupt, "malformed event");
  }
  if (auto taken = channel_.far_event(event); !taken) return taken;
  if (channel_.closed_by_user()) finish("the user closed the terminal", leg::Ending::clean);
  return {};
}

base::Status TelnetWorker::move() {
  peer_->flush();
  wipe_written();
  peer_->resume();
  if (live_) channel_.pump();
  return {};
}

base::Result<std::uint64_t> TelnetWorker::left_to_drain() {
  return live_ ? channel_.drain() : 0;
}

void TelnetWorker::peer_ended(leg::BytePeerEnd end, std::string_view text) {
  const auto how = end == leg::BytePeerEnd::closed ? leg::Ending::clean : leg::Ending::broken;
  if (!live_ || end == leg::BytePeerEnd::breach) return finish(std::string(text), how);
  drain(std::string(text), how);
}

bool TelnetWorker::peer_held() {
  return holds_peer(Awaited::no) || channel_.holds_target();
}

void TelnetWorker::tell_ended(const std::string& reason, leg::Ending how) {
  ipc::TelnetToBroker message;
  message.mutable_ended()->set_reason(base::escape_for_terminal(reason, kMaxEndedReason));
  message.mutable_ended()->set_clean(how == leg::Ending::clean);
  port().send_control(message);
}

}  // namespace sallyport::back::telnet
