// SPDX-License-Identifier: Apache-2.0
// For tests only: a client and a server transport joined in memory, bytes cut at random points, demands answered as the
// broker would (H recomputed from the evidence; the signature is over nothing, since checking it is not this folder's
// part).
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "codec/ssh/fixed_random.h"
#include "codec/ssh/transport.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh::testing {

inline const base::Bytes kHostKey = base::to_bytes("a host key blob");
inline const base::Bytes kSignature = base::to_bytes("a signature blob");

/// H as the broker computes it.
inline base::Bytes exchange_hash_of(const KexEvidence& e) {
  const keys::KexInputs inputs{e.method,
                               base::view(e.client_version),
                               base::view(e.server_version),
                               e.client_kexinit,
                               e.server_kexinit,
                               kHostKey,
                               e.client_public,
                               e.server_public,
                               e.shared_secret.view()};
  auto h = keys::exchange_hash(inputs);
  EXPECT_TRUE(h.has_value()) << (h ? "" : h.message());
  return h ? *h : base::Bytes();
}

/// A payload of a channel.
inline base::Bytes payload_of(std::size_t bytes, std::uint8_t fill) {
  base::Bytes out(bytes, fill);
  out[0] = static_cast<std::uint8_t>(MessageNumber::channel_data);
  return out;
}

/// An end that knows one algorithm of each class.
inline TransportConfig only(std::string kex, std::string cipher, std::string mac) {
  TransportConfig config;
  config.kex = {std::move(kex)};
  config.ciphers = {std::move(cipher)};
  config.macs = {std::move(mac)};
  return config;
}

/// How bytes travel from one end to the other.
enum class Cut { whole, random };

struct Pair {
  using OnMessage = std::function<void(Transport&, base::ByteView)>;

  FixedRandom random;
  Transport client;
  Transport server;
  Cut cut = Cut::random;
  OnMessage at_client = [](Transport&, base::ByteView) {};
  OnMessage at_server = [](Transport&, base::ByteView) {};
  int client_exchanges = 0;
  int server_exchanges = 0;
  std::vector<base::Error> errors;

  explicit Pair(TransportConfig client_config = {}, TransportConfig server_config = {}, std::uint64_t seed = 1)
      : random(seed),
        client(as(Role::client, std::move(client_config)), random),
        server(as(Role::server, std::move(server_config)), random) {}

  static TransportConfig as(Role role, TransportConfig config) {
    config.role = role;
    return config;
  }

  /// Moves some bytes one way; true when any moved.
  bool carry(Transport& from, Transport& to) {
    const auto out = from.out_view();
    if (out.empty()) return false;
    const auto room = to.in_space();
    std::size_t n = std::min(out.size(), room.size());
    if (n == 0) return false;
    if (cut == Cut::random) n = 1 + random.below(random.below(4) == 0 ? std::min<std::size_t>(n, 7) : n);
    std::memcpy(room.data(), out.data(), n);
    from.out_consume(n);
    to.in_commit(n);
    return true;
  }

  /// Takes events until there are none; true when there was one.
  bool take_events(Transport& end, int& exchanges, const OnMessage& on_message) {
    bool any = false;
    for (;;) {
      auto event = end.next();
      if (!event) {
        errors.push_back(event.error());
        return any;
      }
      switch (event->kind) {
        case EventKind::none:
          return any;
        case EventKind::need_host_signature:
          EXPECT_TRUE(end.answer_host_signature(kHostKey, exchange_hash_of(end.kex_evidence()), kSignature));
          break;
        case EventKind::need_host_check:
          EXPECT_EQ(end.kex_evidence().host_key, kHostKey);
          EXPECT_EQ(end.kex_evidence().signature, kSignature);
          EXPECT_TRUE(end.answer_host_check(exchange_hash_of(end.kex_evidence())));
          break;
        case EventKind::keys_changed:
          ++exchanges;
          break;
        case EventKind::message:
          on_message(end, event->payload);
          break;
        case EventKind::disconnected:
          return any;
      }
      any = true;
    }
  }

  /// One round of everything; false when nothing moved any more.
  bool step() {
    bool any = carry(client, server);
    any |= carry(server, client);
    any |= take_events(server, server_exchanges, at_server);
    any |= take_events(client, client_exchanges, at_client);
    return any && errors.empty();
  }
  void run() {
    while (step()) {
    }
  }
  /// Until both ends have keys and count as authenticated.
  void connect() {
    run();
    client.set_authenticated();
    server.set_authenticated();
  }
};

}  // namespace sallyport::codec::ssh::testing
