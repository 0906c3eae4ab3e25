// SPDX-License-Identifier: Apache-2.0
// Bodies of CHANNEL_OPEN (RFC 4254 §6.1, §6.3.2, §7.2; OpenSSH's PROTOCOL §2.4). Runs in the untrusted workers.
#include "codec/ssh/connection_bodies.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kMaxAddressBytes = 1024;
constexpr std::size_t kMaxPathBytes = 4096;

struct BodyWriter {
  keys::Writer& w;
  void operator()(const OpenOther&) {}
  void operator()(const OpenSession&) {}
  void operator()(const OpenDirectTcpip& b) {
    end_point(b.host, b.port);
    end_point(b.originator, b.originator_port);
  }
  void operator()(const OpenForwardedTcpip& b) {
    end_point(b.connected, b.port);
    end_point(b.originator, b.originator_port);
  }
  void operator()(const OpenDirectStreamlocal& b) { end_point(b.path, std::string_view(), 0); }
  void operator()(const OpenForwardedStreamlocal& b) {
    w.string(b.path);
    w.string(std::string_view());
  }
  void operator()(const OpenX11& b) { end_point(b.originator, b.originator_port); }
  void operator()(const OpenAuthAgent&) {}

 private:
  void end_point(std::string_view address, std::uint32_t port) {
    w.string(address);
    w.u32(port);
  }
  // Two reserved fields follow a path.
  void end_point(std::string_view path, std::string_view reserved, std::uint32_t reserved_port) {
    w.string(path);
    end_point(reserved, reserved_port);
  }
};

OpenDirectTcpip read_direct_tcpip(keys::Reader& r) {
  OpenDirectTcpip b;
  b.host = r.text(kMaxAddressBytes);
  b.port = r.u32();
  b.originator = r.text(kMaxAddressBytes);
  b.originator_port = r.u32();
  return b;
}

OpenForwardedTcpip read_forwarded_tcpip(keys::Reader& r) {
  OpenForwardedTcpip b;
  b.connected = r.text(kMaxAddressBytes);
  b.port = r.u32();
  b.originator = r.text(kMaxAddressBytes);
  b.originator_port = r.u32();
  return b;
}

}  // namespace

std::string_view name_of(const ChannelOpenBody& body) {
  constexpr std::string_view kNames[] = {"",
                                         "session",
                                         "direct-tcpip",
                                         "forwarded-tcpip",
                                         "direct-streamlocal@openssh.com",
                                         "forwarded-streamlocal@openssh.com",
                                         "x11",
                                         "auth-agent@openssh.com"};
  static_assert(std::size(kNames) == std::variant_size_v<ChannelOpenBody>);
  return kNames[body.index()];
}

ChannelOpenBody read_open_body(keys::Reader& r, std::string_view type) {
  if (type == "session") return OpenSession{};
  if (type == "direct-tcpip") return read_direct_tcpip(r);
  if (type == "forwarded-tcpip") return read_forwarded_tcpip(r);
  if (type == "direct-streamlocal@openssh.com") {
    const OpenDirectStreamlocal b{r.text(kMaxPathBytes)};
    r.string();  // reserved
    r.u32();
    return b;
  }
  if (type == "forwarded-streamlocal@openssh.com") {
    const OpenForwardedStreamlocal b{r.text(kMaxPathBytes)};
    r.string();  // reserved
    return b;
  }
  if (type == "x11") {
    OpenX11 b;
    b.originator = r.text(kMaxAddressBytes);
    b.originator_port = r.u32();
    return b;
  }
  if (type == "auth-agent@openssh.com") return OpenAuthAgent{};
  r.rest();
  return OpenOther{};
}

void write_body(keys::Writer& w, const ChannelOpenBody& body) {
  std::visit(BodyWriter{w}, body);
}

}  // namespace sallyport::codec::ssh
