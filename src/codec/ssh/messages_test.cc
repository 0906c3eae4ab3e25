// SPDX-License-Identifier: Apache-2.0
// Authentication and connection messages: there and back, and the refusal of what is cut or too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/ssh/auth_messages.h"
#include "codec/ssh/connection_messages.h"
#include "codec/ssh/terminal_modes.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {
namespace {

using base::Bytes;
using base::ByteView;

/// Every proper prefix, and the payload with a byte behind it, is refused.
template <class Decode>
void expect_exact(ByteView payload, Decode decode) {
  ASSERT_TRUE(decode(payload));
  for (std::size_t n = 0; n < payload.size(); ++n) EXPECT_FALSE(decode(payload.first(n))) << n;
  Bytes longer = base::to_bytes(payload);
  longer.push_back(0);
  EXPECT_FALSE(decode(longer));
}

TEST(AuthMessages, Password) {
  UserauthRequest m{"alice", "ssh-connection", "password", MethodPassword{base::view("hunter2"), {}}};
  const auto wire = encode(m);
  expect_exact(wire.view(), [](ByteView p) { return decode_userauth_request(p).has_value(); });
  const auto back = *decode_userauth_request(wire.view());
  EXPECT_EQ(back.user, "alice");
  const auto& password = std::get<MethodPassword>(back.method);
  EXPECT_EQ(base::text(password.password), "hunter2");
  EXPECT_FALSE(password.new_password);

  m.method = MethodPassword{base::view("old"), base::view("new")};
  const auto change = encode(m);
  EXPECT_EQ(base::text(*std::get<MethodPassword>(decode_userauth_request(change.view())->method).new_password), "new");
}

TEST(AuthMessages, Publickey) {
  const Bytes key(51, 1), signature(83, 2), host(51, 3);
  for (bool hostbound : {false, true}) {
    MethodPublickey key_method{"ssh-ed25519", key, ByteView(signature), hostbound, {}};
    if (hostbound) key_method.host_key = host;
    const UserauthRequest m{"bob", "ssh-connection", hostbound ? "publickey-hostbound-v00@openssh.com" : "publickey",
                            key_method};
    const auto wire = encode(m);
    expect_exact(wire.view(), [](ByteView p) { return decode_userauth_request(p).has_value(); });
    const auto back = *decode_userauth_request(wire.view());
    const auto& got = std::get<MethodPublickey>(back.method);
    EXPECT_EQ(got.algorithm, "ssh-ed25519");
    EXPECT_TRUE(std::ranges::equal(got.key_blob, key));
    EXPECT_TRUE(std::ranges::equal(*got.signature, signature));
    EXPECT_EQ(got.hostbound, hostbound);
    EXPECT_EQ(got.host_key.size(), hostbound ? host.size() : 0U);
  }
  const UserauthRequest query{"bob", "ssh-connection", "publickey",
                              MethodPublickey{"rsa-sha2-512", key, {}, false, {}}};
  const auto wire = encode(query);
  EXPECT_FALSE(std::get<MethodPublickey>(decode_userauth_request(wire.view())->method).signature);
}

TEST(AuthMessages, UnknownMethodKeepsItsName) {
  const UserauthRequest m{"", "ssh-connection", "gssapi-with-mic", MethodOther{base::view("xyz")}};
  const auto wire = encode(m);
  const auto back = *decode_userauth_request(wire.view());
  EXPECT_EQ(back.method_name, "gssapi-with-mic");
  EXPECT_EQ(base::text(std::get<MethodOther>(back.method).data), "xyz");
}

TEST(AuthMessages, KeyboardInteractive) {
  const UserauthInfoRequest request{"name", "do this", "", {{"Password: ", false}, {"Code: ", true}}};
  const Bytes wire = encode(request);
  expect_exact(wire, [](ByteView p) { return decode_userauth_info_request(p).has_value(); });
  const auto back = *decode_userauth_info_request(wire);
  ASSERT_EQ(back.prompts.size(), 2U);
  EXPECT_EQ(back.prompts[1].text, "Code: ");
  EXPECT_TRUE(back.prompts[1].echo);

  const UserauthInfoResponse response{{base::view("secret"), base::view("123456")}};
  const auto answer = encode(response);
  expect_exact(answer.view(), [](ByteView p) { return decode_userauth_info_response(p).has_value(); });
  EXPECT_EQ(base::text(decode_userauth_info_response(answer.view())->responses[0]), "secret");

  Bytes many{61};
  keys::Writer(many).u32(65);
  for (int i = 0; i < 65; ++i) keys::Writer(many).string(std::string_view());
  EXPECT_FALSE(decode_userauth_info_response(many));
}

TEST(AuthMessages, TheOthers) {
  expect_exact(encode(ServiceRequest{"ssh-userauth"}),
               [](ByteView p) { return decode_service_request(p).has_value(); });
  expect_exact(encode(ServiceAccept{"ssh-userauth"}), [](ByteView p) { return decode_service_accept(p).has_value(); });
  expect_exact(encode(UserauthBanner{"hello", "en"}), [](ByteView p) { return decode_userauth_banner(p).has_value(); });
  const Bytes failure = encode(UserauthFailure{{"publickey", "password"}, true});
  expect_exact(failure, [](ByteView p) { return decode_userauth_failure(p).has_value(); });
  EXPECT_THAT(decode_userauth_failure(failure)->methods, ::testing::ElementsAre("publickey", "password"));
  EXPECT_TRUE(decode_userauth_failure(failure)->partial_success);
  expect_exact(encode(UserauthSuccess{}), [](ByteView p) { return decode_userauth_success(p).has_value(); });
  expect_exact(encode(UserauthPkOk{"ssh-ed25519", {}}),
               [](ByteView p) { return decode_userauth_pk_ok(p).has_value(); });
  expect_exact(encode(UserauthPasswdChangereq{"change it", ""}),
               [](ByteView p) { return decode_userauth_passwd_changereq(p).has_value(); });
}

template <class Body>
Bytes request_with(Body body) {
  Bytes out;
  encode(ChannelRequest{3, {}, WantReply::yes, body, {}}, out);
  return out;
}

TEST(ConnectionMessages, EveryRequestComesBack) {
  const Bytes modes = encode_terminal_modes({{3, 127}, {128, 38400}});
  const std::vector<ChannelRequestBody> bodies = {PtyRequest{"xterm", 80, 24, 640, 480, modes},
                                                  X11Request{true, "MIT-MAGIC-COOKIE-1", "00ff", 1},
                                                  EnvRequest{"LANG", "C.UTF-8"},
                                                  ShellRequest{},
                                                  ExecRequest{"ls -l"},
                                                  SubsystemRequest{"sftp"},
                                                  WindowChange{132, 43, 1, 2},
                                                  XonXoff{true},
                                                  SignalRequest{"INT"},
                                                  BreakRequest{500},
                                                  ExitStatus{255},
                                                  ExitSignal{"SEGV", true, "ouch", ""},
                                                  AgentForwardRequest{},
                                                  EndOfWrite{},
                                                  ChannelKeepalive{}};
  for (const auto& body : bodies) {
    SCOPED_TRACE(std::string(name_of(body)));
    const Bytes wire = request_with(body);
    const auto message = decode_connection(wire);
    ASSERT_TRUE(message);
    const auto& back = std::get<ChannelRequest>(*message);
    EXPECT_EQ(back.recipient, 3U);
    EXPECT_EQ(back.name, name_of(body));
    EXPECT_EQ(back.want_reply, WantReply::yes);
    EXPECT_EQ(back.body.index(), body.index());
    // The raw form passes through unchanged.
    Bytes raw;
    encode(ChannelRequest{3, back.name, WantReply::yes, OtherChannelRequest{}, back.data}, raw);
    EXPECT_EQ(raw, wire);
    if (!std::holds_alternative<ChannelKeepalive>(body)) {
      expect_exact(wire, [](ByteView p) { return decode_connection(p).has_value(); });
    }
  }
  const Bytes pty = request_with(bodies[0]);
  const auto message = *decode_connection(pty);
  const auto& got = std::get<PtyRequest>(std::get<ChannelRequest>(message).body);
  EXPECT_EQ(got.term, "xterm");
  EXPECT_EQ(got.rows, 24U);
  EXPECT_THAT(*decode_terminal_modes(got.modes),
              ::testing::ElementsAre(TerminalMode{3, 127}, TerminalMode{128, 38400}));
}

TEST(ConnectionMessages, EveryOpenComesBack) {
  const std::vector<ChannelOpenBody> bodies = {OpenSession{},
                                               OpenDirectTcpip{"db", 5432, "127.0.0.1", 40000},
                                               OpenForwardedTcpip{"0.0.0.0", 80, "10.0.0.1", 1},
                                               OpenDirectStreamlocal{"/run/x.sock"},
                                               OpenForwardedStreamlocal{"/run/y.sock"},
                                               OpenX11{"10.0.0.2", 6000},
                                               OpenAuthAgent{}};
  for (const auto& body : bodies) {
    SCOPED_TRACE(std::string(name_of(body)));
    Bytes wire;
    encode(ChannelOpen{{}, 5, 1000, 2000, body, {}}, wire);
    expect_exact(wire, [](ByteView p) { return decode_connection(p).has_value(); });
    const auto message = *decode_connection(wire);
    const auto& back = std::get<ChannelOpen>(message);
    EXPECT_EQ(back.type, name_of(body));
    EXPECT_EQ(back.sender, 5U);
    EXPECT_EQ(back.window, 1000U);
    EXPECT_EQ(back.max_packet, 2000U);
    EXPECT_EQ(back.body.index(), body.index());
    Bytes raw;
    encode(ChannelOpen{back.type, 5, 1000, 2000, OpenOther{}, back.data}, raw);
    EXPECT_EQ(raw, wire);
  }
}

TEST(ConnectionMessages, EveryGlobalRequestComesBack) {
  const Bytes key(51, 1);
  const std::vector<GlobalRequestBody> bodies = {TcpipForward{"", 8080},     CancelTcpipForward{"localhost", 8080},
                                                 StreamlocalForward{"/a"},   CancelStreamlocalForward{"/a"},
                                                 KeepaliveRequest{},         NoMoreSessions{},
                                                 HostKeysUpdate{{key, key}}, HostKeysProve{{key}}};
  for (const auto& body : bodies) {
    SCOPED_TRACE(std::string(name_of(body)));
    Bytes wire;
    encode(GlobalRequest{{}, WantReply::no, body, {}}, wire);
    const auto message = decode_connection(wire);
    ASSERT_TRUE(message);
    const auto& back = std::get<GlobalRequest>(*message);
    EXPECT_EQ(back.name, name_of(body));
    EXPECT_EQ(back.want_reply, WantReply::no);
    EXPECT_EQ(back.body.index(), body.index());
  }
}

TEST(ConnectionMessages, UnknownKindsAreKeptRaw) {
  Bytes wire;
  encode(ChannelRequest{1, "strange@example.org", WantReply::no, OtherChannelRequest{}, base::view("abc")}, wire);
  const auto message = *decode_connection(wire);
  const auto& back = std::get<ChannelRequest>(message);
  EXPECT_TRUE(std::holds_alternative<OtherChannelRequest>(back.body));
  EXPECT_EQ(base::text(back.data), "abc");
  EXPECT_EQ(std::get<UnknownMessage>(*decode_connection(Bytes{111, 1, 2})).number, 111);
}

TEST(ConnectionMessages, TheRestIsExact) {
  const auto exact = [](const auto& m) {
    Bytes wire;
    encode(m, wire);
    expect_exact(wire, [](ByteView p) { return decode_connection(p).has_value(); });
  };
  exact(ChannelData{1, base::view("data")});
  exact(ChannelExtendedData{1, 1, base::view("data")});
  exact(ChannelWindowAdjust{1, 2});
  exact(ChannelEof{1});
  exact(ChannelClose{1});
  exact(ChannelSuccess{1});
  exact(ChannelFailure{1});
  Bytes failure;
  encode(ChannelOpenFailure{1, 2, "no"}, failure);
  EXPECT_EQ(std::get<ChannelOpenFailure>(*decode_connection(failure)).description, "no");
  // Without its texts, as old servers send it.
  EXPECT_TRUE(decode_connection(ByteView(failure).first(9)));
}

TEST(ConnectionMessages, ForwardedPort) {
  EXPECT_EQ(*decode_forwarded_port(encode_forwarded_port(40022)), 40022U);
  EXPECT_FALSE(decode_forwarded_port({}));
  EXPECT_FALSE(decode_forwarded_port(encode_forwarded_port(70000)));
}

TEST(TerminalModes, EndsAndBounds) {
  EXPECT_TRUE(decode_terminal_modes({})->empty());
  EXPECT_TRUE(decode_terminal_modes(Bytes{0, 3, 0, 0, 0, 1})->empty());
  EXPECT_EQ(decode_terminal_modes(Bytes{1, 0, 0, 0, 3, 200, 9})->size(), 1U);
  EXPECT_EQ(decode_terminal_modes(Bytes{1, 0, 0, 0, 3})->size(), 1U);
  EXPECT_FALSE(decode_terminal_modes(Bytes{1, 0, 0, 0}));
  Bytes many;
  for (int i = 0; i < 257; ++i) many.insert(many.end(), {5, 0, 0, 0, 1});
  EXPECT_FALSE(decode_terminal_modes(many));
}

}  // namespace
}  // namespace sallyport::codec::ssh
