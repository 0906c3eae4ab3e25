// SPDX-License-Identifier: Apache-2.0
// Fuzzes TLS as a worker uses it: any bytes from the peer, before, in and after the handshake. The first byte chooses:
// a server or a client, a real other end whose bytes are bent, or nothing but the input.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "leg/tls/tls_fixture_test.h"

namespace {

using namespace sallyport;
using namespace sallyport::leg::tls;
using testing::Holder;
using testing::KeyKind;

const Holder& holder() {
  static const Holder key(KeyKind::p256);
  return key;
}

// Every bound that a peer could break, and the plaintext that came.
bool settle(Connection& c) {
  if (c.signature_due() != nullptr && !c.answer_signature(holder().sign(*c.signature_due()))) return false;
  if (c.judgement_due()) {
    if (c.peer_chain().empty()) std::abort();
    if (!c.answer_judgement(Connection::Judgement::accepted)) return false;
  }
  std::array<std::uint8_t, 512> buffer;
  for (;;) {
    const auto n = c.read(buffer);
    if (!n) return false;
    if (*n == 0) break;
  }
  if (c.output().size() > 4 * Connection::kMaxWaitingBytes) std::abort();
  return true;
}

bool carry(Connection& from, Connection& to, base::ByteView& bends) {
  while (!from.output().empty() && to.wants_input()) {
    base::Bytes wire = base::to_bytes(from.output());
    from.sent(wire.size());
    // Two bytes of the input bend one byte of the wire: where, and by what. Zero bends nothing.
    if (bends.size() >= 2) {
      wire[bends[0] * (wire.size() - 1) / 255] ^= bends[1];
      bends = bends.subspan(2);
    }
    if (!to.feed(wire)) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t choice = data[0];
  base::ByteView input(data + 1, size - 1);
  auto server = std::move(Connection::make({Role::server, {holder().der()}, "", {"h2"}}).value());
  auto client = std::move(Connection::make({Role::client, {}, "gateway.test", {"h2"}}).value());
  if (!client->start()) std::abort();
  if ((choice & 1) != 0) {  // nothing but the input
    Connection& one = (choice & 2) != 0 ? *server : *client;
    while (!input.empty() && one.wants_input()) {
      const base::ByteView part = input.first(std::min<std::size_t>(input.size(), (choice >> 2) + 1u));
      input = input.subspan(part.size());
      if (!one.feed(part) || !settle(one)) break;
    }
    if (one.open()) std::abort();  // nobody guesses a handshake
    return 0;
  }
  for (int i = 0; i < 8; ++i) {
    if (!carry(*client, *server, input) || !settle(*server)) break;
    if (!carry(*server, *client, input) || !settle(*client)) break;
    if (client->open() && server->open() && !input.empty()) {
      if (!server->write(input.first(std::min<std::size_t>(input.size(), 64)))) std::abort();
    }
  }
  return 0;
}
