// SPDX-License-Identifier: Apache-2.0
// Requests that the vocabulary does not name go by as type and raw bytes, so that policy sees them.
#include "leg/ssh/request_events.h"

#include <variant>

#include "base/escape.h"
#include "event/event.pb.h"

namespace sallyport::leg::ssh {

namespace {

using base::ByteView;
using codec::ssh::WantReply;

constexpr std::size_t kMaxNameBytes = 256;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// Protocol Buffers refuse a string that is no UTF-8, and with it the whole message.
bool is_name(std::string_view s) {
  return s.size() <= kMaxNameBytes && base::is_utf8(s);
}

std::string bytes(ByteView b) {
  return base::to_text(b);
}

}  // namespace

base::Status to_event(const codec::ssh::ChannelRequest& request, event::Request& out) {
  if (request.data.size() > kMaxRequestBytes)
    return base::fail(base::Errc::unsupported, "a request of more than 254 KiB");
  if (!is_name(request.name)) return base::fail(base::Errc::unsupported, "a request whose name is no text");
  bool ok = true;
  out.set_want_answer(request.want_reply == WantReply::yes);
  std::visit(Overloaded{
                 [&](const codec::ssh::PtyRequest& m) {
                   ok = is_name(m.term);
                   auto* pty = out.mutable_pty();
                   if (ok) pty->set_term(std::string(m.term));
                   pty->set_columns(m.columns);
                   pty->set_rows(m.rows);
                   pty->set_width_px(m.width_px);
                   pty->set_height_px(m.height_px);
                   pty->set_modes(bytes(m.modes));
                 },
                 [&](const codec::ssh::ShellRequest&) { out.mutable_shell(); },
                 [&](const codec::ssh::ExecRequest& m) { out.mutable_exec()->set_command(std::string(m.command)); },
                 [&](const codec::ssh::SubsystemRequest& m) {
                   ok = is_name(m.name);
                   if (ok) out.mutable_subsystem()->set_name(std::string(m.name));
                 },
                 [&](const codec::ssh::EnvRequest& m) {
                   out.mutable_env()->set_name(std::string(m.name));
                   out.mutable_env()->set_value(std::string(m.value));
                 },
                 [&](const codec::ssh::WindowChange& m) {
                   auto* change = out.mutable_window_change();
                   change->set_columns(m.columns);
                   change->set_rows(m.rows);
                   change->set_width_px(m.width_px);
                   change->set_height_px(m.height_px);
                 },
                 [&](const codec::ssh::SignalRequest& m) {
                   ok = is_name(m.name);
                   if (ok) out.mutable_signal()->set_name(std::string(m.name));
                 },
                 [&](const codec::ssh::BreakRequest& m) { out.mutable_break_request()->set_length_ms(m.length_ms); },
                 [&](const auto&) {
                   out.mutable_other()->set_type(std::string(request.name));
                   out.mutable_other()->set_data(bytes(request.data));
                 },
             },
             request.body);
  if (!ok) return base::fail(base::Errc::unsupported, "a request with a name that is no text");
  return {};
}

bool to_event(const codec::ssh::ChannelRequest& request, event::Exit& out) {
  if (const auto* status = std::get_if<codec::ssh::ExitStatus>(&request.body)) {
    out.set_status(status->status);
    return true;
  }
  if (const auto* signal = std::get_if<codec::ssh::ExitSignal>(&request.body)) {
    out.mutable_signal()->set_name(is_name(signal->name) ? std::string(signal->name) : "KILL");
    out.mutable_signal()->set_core_dumped(signal->core_dumped);
    out.mutable_signal()->set_text(base::escape_for_terminal(signal->message, 1024));
    return true;
  }
  return false;
}

base::Status send_request(codec::ssh::Connection& connection, codec::ssh::ChannelId id, const event::Request& request) {
  const WantReply want = request.want_answer() ? WantReply::yes : WantReply::no;
  switch (request.what_case()) {
    case event::Request::kPty: {
      const auto& m = request.pty();
      return connection.request(
          id,
          codec::ssh::PtyRequest{m.term(), m.columns(), m.rows(), m.width_px(), m.height_px(), base::view(m.modes())},
          want);
    }
    case event::Request::kShell:
      return connection.request(id, codec::ssh::ShellRequest{}, want);
    case event::Request::kExec:
      return connection.request(id, codec::ssh::ExecRequest{request.exec().command()}, want);
    case event::Request::kSubsystem:
      return connection.request(id, codec::ssh::SubsystemRequest{request.subsystem().name()}, want);
    case event::Request::kEnv:
      return connection.request(id, codec::ssh::EnvRequest{request.env().name(), request.env().value()}, want);
    case event::Request::kWindowChange: {
      const auto& m = request.window_change();
      return connection.request(id, codec::ssh::WindowChange{m.columns(), m.rows(), m.width_px(), m.height_px()}, want);
    }
    case event::Request::kSignal:
      return connection.request(id, codec::ssh::SignalRequest{request.signal().name()}, want);
    case event::Request::kBreakRequest:
      return connection.request(id, codec::ssh::BreakRequest{request.break_request().length_ms()}, want);
    case event::Request::kOther:
      return connection.request(id, request.other().type(), base::view(request.other().data()), want);
    case event::Request::WHAT_NOT_SET:
      break;
  }
  return base::fail(base::Errc::invalid, "a request without contents");
}

base::Status send_exit(codec::ssh::Connection& connection, codec::ssh::ChannelId id, const event::Exit& exit) {
  if (exit.how_case() == event::Exit::kSignal) {
    const auto& m = exit.signal();
    return connection.request(id, codec::ssh::ExitSignal{m.name(), m.core_dumped(), m.text(), ""}, WantReply::no);
  }
  return connection.request(id, codec::ssh::ExitStatus{exit.status()}, WantReply::no);
}

}  // namespace sallyport::leg::ssh
