// SPDX-License-Identifier: Apache-2.0
// Bodies of global requests (RFC 4254 §4, §7.1; OpenSSH's PROTOCOL §2.4, §2.5, §3.2). Runs in the untrusted workers.
#include "codec/ssh/connection_bodies.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kMaxAddressBytes = 1024;
constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxHostKeys = 64;

template <class Forward>
Forward read_tcpip(keys::Reader& r) {
  Forward f;
  f.address = r.text(kMaxAddressBytes);
  f.port = r.u32();
  return f;
}

std::vector<base::ByteView> read_keys(keys::Reader& r) {
  std::vector<base::ByteView> out;
  while (r.ok() && r.remaining() > 0) {
    if (out.size() == kMaxHostKeys) r.set_error();
    out.push_back(r.string());
  }
  return out;
}

struct BodyWriter {
  keys::Writer& w;
  void operator()(const OtherGlobalRequest&) {}
  void operator()(const TcpipForward& b) { tcpip(b.address, b.port); }
  void operator()(const CancelTcpipForward& b) { tcpip(b.address, b.port); }
  void operator()(const StreamlocalForward& b) { w.string(b.path); }
  void operator()(const CancelStreamlocalForward& b) { w.string(b.path); }
  void operator()(const KeepaliveRequest&) {}
  void operator()(const NoMoreSessions&) {}
  void operator()(const HostKeysUpdate& b) { keys(b.keys); }
  void operator()(const HostKeysProve& b) { keys(b.keys); }

 private:
  void tcpip(std::string_view address, std::uint32_t port) {
    w.string(address);
    w.u32(port);
  }
  void keys(const std::vector<base::ByteView>& blobs) {
    for (const base::ByteView& blob : blobs) w.string(blob);
  }
};

}  // namespace

std::string_view name_of(const GlobalRequestBody& body) {
  constexpr std::string_view kNames[] = {"",
                                         "tcpip-forward",
                                         "cancel-tcpip-forward",
                                         "streamlocal-forward@openssh.com",
                                         "cancel-streamlocal-forward@openssh.com",
                                         "keepalive@openssh.com",
                                         "no-more-sessions@openssh.com",
                                         "hostkeys-00@openssh.com",
                                         "hostkeys-prove-00@openssh.com"};
  static_assert(std::size(kNames) == std::variant_size_v<GlobalRequestBody>);
  return kNames[body.index()];
}

GlobalRequestBody read_global_body(keys::Reader& r, std::string_view name) {
  if (name == "tcpip-forward") return read_tcpip<TcpipForward>(r);
  if (name == "cancel-tcpip-forward") return read_tcpip<CancelTcpipForward>(r);
  if (name == "streamlocal-forward@openssh.com") return StreamlocalForward{r.text(kMaxPathBytes)};
  if (name == "cancel-streamlocal-forward@openssh.com") return CancelStreamlocalForward{r.text(kMaxPathBytes)};
  if (name == "hostkeys-00@openssh.com") return HostKeysUpdate{read_keys(r)};
  if (name == "hostkeys-prove-00@openssh.com") return HostKeysProve{read_keys(r)};
  if (name == "no-more-sessions@openssh.com") return NoMoreSessions{};
  if (name == "keepalive@openssh.com") {
    r.rest();  // implementations differ in what they put here
    return KeepaliveRequest{};
  }
  r.rest();
  return OtherGlobalRequest{};
}

void write_body(keys::Writer& w, const GlobalRequestBody& body) {
  std::visit(BodyWriter{w}, body);
}

base::Bytes encode_forwarded_port(std::uint32_t port) {
  base::Bytes out;
  keys::Writer(out).u32(port);
  return out;
}

base::Result<std::uint32_t> decode_forwarded_port(base::ByteView data) {
  keys::Reader r(data);
  const std::uint32_t port = r.u32();
  if (!r.done() || port == 0 || port > 65535) return base::fail(base::Errc::invalid, "bad port in a forward's answer");
  return port;
}

}  // namespace sallyport::codec::ssh
