// SPDX-License-Identifier: Apache-2.0
// Messages of the connection protocol (RFC 4254; RFC 4335; OpenSSH's PROTOCOL): payloads to values and back.
// Runs in the untrusted workers. It must never decide what is allowed: everything is parsed, unknown kinds too, so that
// policy can see them by name.
//
// Decoded values point into the payload. A missing or surplus field is an error (invalid).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/message_numbers.h"

namespace sallyport::codec::ssh {

enum class WantReply : bool { no, yes };

// Global requests (RFC 4254 §4, §7.1).

struct TcpipForward {
  std::string_view address;
  std::uint32_t port = 0;
};
struct CancelTcpipForward {
  std::string_view address;
  std::uint32_t port = 0;
};
/// streamlocal-forward@openssh.com
struct StreamlocalForward {
  std::string_view path;
};
struct CancelStreamlocalForward {
  std::string_view path;
};
/// keepalive@openssh.com; any answer will do.
struct KeepaliveRequest {};
/// no-more-sessions@openssh.com
struct NoMoreSessions {};
/// hostkeys-00@openssh.com
struct HostKeysUpdate {
  std::vector<base::ByteView> keys;
};
/// hostkeys-prove-00@openssh.com
struct HostKeysProve {
  std::vector<base::ByteView> keys;
};
struct OtherGlobalRequest {};
using GlobalRequestBody =
    std::variant<OtherGlobalRequest, TcpipForward, CancelTcpipForward, StreamlocalForward, CancelStreamlocalForward,
                 KeepaliveRequest, NoMoreSessions, HostKeysUpdate, HostKeysProve>;
struct GlobalRequest {
  std::string_view name;  ///< when encoding, empty means the body's own name
  WantReply want_reply = WantReply::no;
  GlobalRequestBody body;
  base::ByteView data;  ///< decoded: all behind want_reply, of every kind; encoding: only for OtherGlobalRequest
};
struct RequestSuccess {
  base::ByteView data;
};
struct RequestFailure {};

// Channels (RFC 4254 §5).

struct OpenSession {};
struct OpenDirectTcpip {
  std::string_view host;
  std::uint32_t port = 0;
  std::string_view originator;
  std::uint32_t originator_port = 0;
};
struct OpenForwardedTcpip {
  std::string_view connected;
  std::uint32_t port = 0;
  std::string_view originator;
  std::uint32_t originator_port = 0;
};
/// direct-streamlocal@openssh.com
struct OpenDirectStreamlocal {
  std::string_view path;
};
/// forwarded-streamlocal@openssh.com
struct OpenForwardedStreamlocal {
  std::string_view path;
};
struct OpenX11 {
  std::string_view originator;
  std::uint32_t originator_port = 0;
};
/// auth-agent@openssh.com
struct OpenAuthAgent {};
struct OpenOther {};
using ChannelOpenBody = std::variant<OpenOther, OpenSession, OpenDirectTcpip, OpenForwardedTcpip, OpenDirectStreamlocal,
                                     OpenForwardedStreamlocal, OpenX11, OpenAuthAgent>;
struct ChannelOpen {
  std::string_view type;  ///< when encoding, empty means the body's own type
  std::uint32_t sender = 0;
  std::uint32_t window = 0;
  std::uint32_t max_packet = 0;
  ChannelOpenBody body;
  base::ByteView data;  ///< decoded: all behind max_packet, of every type; encoding: only for OpenOther
};
struct ChannelOpenConfirmation {
  std::uint32_t recipient = 0;
  std::uint32_t sender = 0;
  std::uint32_t window = 0;
  std::uint32_t max_packet = 0;
  base::ByteView data;
};
struct ChannelOpenFailure {
  std::uint32_t recipient = 0;
  std::uint32_t reason = 0;
  std::string_view description;  ///< foreign text: escape before showing
};
struct ChannelWindowAdjust {
  std::uint32_t recipient = 0;
  std::uint32_t bytes = 0;
};
struct ChannelData {
  std::uint32_t recipient = 0;
  base::ByteView data;
};
struct ChannelExtendedData {
  std::uint32_t recipient = 0;
  std::uint32_t type = 0;
  base::ByteView data;
};
struct ChannelEof {
  std::uint32_t recipient = 0;
};
struct ChannelClose {
  std::uint32_t recipient = 0;
};
struct ChannelSuccess {
  std::uint32_t recipient = 0;
};
struct ChannelFailure {
  std::uint32_t recipient = 0;
};

// Channel requests (RFC 4254 §6).

struct PtyRequest {
  std::string_view term;
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  base::ByteView modes;  ///< encoded: see terminal_modes.h
};
struct X11Request {
  bool single_connection = false;
  std::string_view protocol;
  std::string_view cookie;
  std::uint32_t screen = 0;
};
struct EnvRequest {
  std::string_view name;
  std::string_view value;
};
struct ShellRequest {};
struct ExecRequest {
  std::string_view command;
};
struct SubsystemRequest {
  std::string_view name;
};
struct WindowChange {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
};
struct XonXoff {
  bool client_can_do = false;
};
struct SignalRequest {
  std::string_view name;  ///< without "SIG"
};
/// RFC 4335
struct BreakRequest {
  std::uint32_t length_ms = 0;
};
struct ExitStatus {
  std::uint32_t status = 0;
};
struct ExitSignal {
  std::string_view name;  ///< without "SIG"
  bool core_dumped = false;
  std::string_view message;
  std::string_view language;
};
/// auth-agent-req@openssh.com
struct AgentForwardRequest {};
/// eow@openssh.com: the peer reads no more.
struct EndOfWrite {};
/// keepalive@openssh.com on a channel
struct ChannelKeepalive {};
struct OtherChannelRequest {};
using ChannelRequestBody =
    std::variant<OtherChannelRequest, PtyRequest, X11Request, EnvRequest, ShellRequest, ExecRequest, SubsystemRequest,
                 WindowChange, XonXoff, SignalRequest, BreakRequest, ExitStatus, ExitSignal, AgentForwardRequest,
                 EndOfWrite, ChannelKeepalive>;
struct ChannelRequest {
  std::uint32_t recipient = 0;
  std::string_view name;  ///< when encoding, empty means the body's own name
  WantReply want_reply = WantReply::no;
  ChannelRequestBody body;
  base::ByteView data;  ///< decoded: all behind want_reply, of every kind; encoding: only for OtherChannelRequest
};

/// A number from 80 to 127 that RFC 4254 does not define; Transport::reject_last_message() answers it.
struct UnknownMessage {
  std::uint8_t number = 0;
};

using ConnectionMessage =
    std::variant<UnknownMessage, GlobalRequest, RequestSuccess, RequestFailure, ChannelOpen, ChannelOpenConfirmation,
                 ChannelOpenFailure, ChannelWindowAdjust, ChannelData, ChannelExtendedData, ChannelEof, ChannelClose,
                 ChannelRequest, ChannelSuccess, ChannelFailure>;

/// A payload whose number is from 80 to 127. Errors: invalid.
base::Result<ConnectionMessage> decode_connection(base::ByteView payload);

/// Appends the payload of a message to out.
void encode(const GlobalRequest& m, base::Bytes& out);
void encode(const RequestSuccess& m, base::Bytes& out);
void encode(const RequestFailure& m, base::Bytes& out);
void encode(const ChannelOpen& m, base::Bytes& out);
void encode(const ChannelOpenConfirmation& m, base::Bytes& out);
void encode(const ChannelOpenFailure& m, base::Bytes& out);
void encode(const ChannelWindowAdjust& m, base::Bytes& out);
void encode(const ChannelData& m, base::Bytes& out);
void encode(const ChannelExtendedData& m, base::Bytes& out);
void encode(const ChannelEof& m, base::Bytes& out);
void encode(const ChannelClose& m, base::Bytes& out);
void encode(const ChannelRequest& m, base::Bytes& out);
void encode(const ChannelSuccess& m, base::Bytes& out);
void encode(const ChannelFailure& m, base::Bytes& out);

/// The wire name of a body; empty for the Other… kinds.
std::string_view name_of(const GlobalRequestBody& body);
std::string_view name_of(const ChannelOpenBody& body);
std::string_view name_of(const ChannelRequestBody& body);

/// The port in the answer to a tcpip-forward of port 0 (RFC 4254 §7.1).
base::Bytes encode_forwarded_port(std::uint32_t port);
base::Result<std::uint32_t> decode_forwarded_port(base::ByteView data);

}  // namespace sallyport::codec::ssh
