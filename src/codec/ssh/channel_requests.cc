// SPDX-License-Identifier: Apache-2.0
// Bodies of CHANNEL_REQUEST (RFC 4254 §6, RFC 4335; OpenSSH's PROTOCOL §2.1). Runs in the untrusted workers.
#include "codec/ssh/connection_bodies.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxModesBytes = 2048;

struct BodyWriter {
  keys::Writer& w;
  void operator()(const OtherChannelRequest&) {}
  void operator()(const PtyRequest& b) {
    w.string(b.term);
    size(b.columns, b.rows, b.width_px, b.height_px);
    w.string(b.modes);
  }
  void operator()(const X11Request& b) {
    w.boolean(b.single_connection);
    w.string(b.protocol);
    w.string(b.cookie);
    w.u32(b.screen);
  }
  void operator()(const EnvRequest& b) {
    w.string(b.name);
    w.string(b.value);
  }
  void operator()(const ShellRequest&) {}
  void operator()(const ExecRequest& b) { w.string(b.command); }
  void operator()(const SubsystemRequest& b) { w.string(b.name); }
  void operator()(const WindowChange& b) { size(b.columns, b.rows, b.width_px, b.height_px); }
  void operator()(const XonXoff& b) { w.boolean(b.client_can_do); }
  void operator()(const SignalRequest& b) { w.string(b.name); }
  void operator()(const BreakRequest& b) { w.u32(b.length_ms); }
  void operator()(const ExitStatus& b) { w.u32(b.status); }
  void operator()(const ExitSignal& b) {
    w.string(b.name);
    w.boolean(b.core_dumped);
    w.string(b.message);
    w.string(b.language);
  }
  void operator()(const AgentForwardRequest&) {}
  void operator()(const EndOfWrite&) {}
  void operator()(const ChannelKeepalive&) {}

 private:
  void size(std::uint32_t columns, std::uint32_t rows, std::uint32_t width_px, std::uint32_t height_px) {
    w.u32(columns);
    w.u32(rows);
    w.u32(width_px);
    w.u32(height_px);
  }
};

WindowChange read_size(keys::Reader& r) {
  WindowChange b;
  b.columns = r.u32();
  b.rows = r.u32();
  b.width_px = r.u32();
  b.height_px = r.u32();
  return b;
}

PtyRequest read_pty(keys::Reader& r) {
  PtyRequest b;
  b.term = r.text(kMaxNameBytes);
  const WindowChange size = read_size(r);
  b.columns = size.columns;
  b.rows = size.rows;
  b.width_px = size.width_px;
  b.height_px = size.height_px;
  b.modes = r.string(kMaxModesBytes);
  return b;
}

X11Request read_x11(keys::Reader& r) {
  X11Request b;
  b.single_connection = r.boolean();
  b.protocol = r.text(kMaxNameBytes);
  b.cookie = r.text(kMaxTextBytes);
  b.screen = r.u32();
  return b;
}

EnvRequest read_env(keys::Reader& r) {
  EnvRequest b;
  b.name = r.text();
  b.value = r.text();
  return b;
}

ExitSignal read_exit_signal(keys::Reader& r) {
  ExitSignal b;
  b.name = r.text(kMaxNameBytes);
  b.core_dumped = r.boolean();
  b.message = r.text();
  b.language = r.text(kMaxTextBytes);
  return b;
}

}  // namespace

std::string_view name_of(const ChannelRequestBody& body) {
  constexpr std::string_view kNames[] = {"",
                                         "pty-req",
                                         "x11-req",
                                         "env",
                                         "shell",
                                         "exec",
                                         "subsystem",
                                         "window-change",
                                         "xon-xoff",
                                         "signal",
                                         "break",
                                         "exit-status",
                                         "exit-signal",
                                         "auth-agent-req@openssh.com",
                                         "eow@openssh.com",
                                         "keepalive@openssh.com"};
  static_assert(std::size(kNames) == std::variant_size_v<ChannelRequestBody>);
  return kNames[body.index()];
}

ChannelRequestBody read_request_body(keys::Reader& r, std::string_view name) {
  if (name == "exec") return ExecRequest{r.text()};
  if (name == "env") return read_env(r);
  if (name == "shell") return ShellRequest{};
  if (name == "pty-req") return read_pty(r);
  if (name == "window-change") return read_size(r);
  if (name == "subsystem") return SubsystemRequest{r.text(kMaxNameBytes)};
  if (name == "exit-status") return ExitStatus{r.u32()};
  if (name == "exit-signal") return read_exit_signal(r);
  if (name == "signal") return SignalRequest{r.text(kMaxNameBytes)};
  if (name == "break") return BreakRequest{r.u32()};
  if (name == "xon-xoff") return XonXoff{r.boolean()};
  if (name == "x11-req") return read_x11(r);
  if (name == "auth-agent-req@openssh.com") return AgentForwardRequest{};
  if (name == "eow@openssh.com") return EndOfWrite{};
  if (name == "keepalive@openssh.com") {
    r.rest();  // implementations differ in what they put here
    return ChannelKeepalive{};
  }
  r.rest();
  return OtherChannelRequest{};
}

void write_body(keys::Writer& w, const ChannelRequestBody& body) {
  std::visit(BodyWriter{w}, body);
}

}  // namespace sallyport::codec::ssh
