// SPDX-License-Identifier: Apache-2.0
// Fuzzes two connected transports by choices: what is sent, how it is cut, when keys change, and a damaged byte at the
// end.
#include <cstdlib>

#include "codec/ssh/fixed_random.h"
#include "codec/ssh/fuzz_peer.h"

namespace {

using namespace sallyport;
using namespace sallyport::codec::ssh;

struct End {
  Transport transport;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool dead = false;
};

TransportConfig config_of(Role role, const char* cipher) {
  TransportConfig config;
  config.role = role;
  config.ciphers = {cipher};
  config.rekey_bytes = 3000;
  config.output_limit_bytes = 20000;
  return config;
}

void carry(End& from, End& to, std::size_t most) {
  const auto out = from.transport.out_view();
  const auto room = to.transport.in_space();
  const std::size_t n = std::min({out.size(), room.size(), most});
  if (n == 0) return;
  std::memcpy(room.data(), out.data(), n);
  from.transport.out_consume(n);
  to.transport.in_commit(n);
}

/// Payloads are numbered: none may be lost, repeated or out of order.
void take(End& end, const End& peer, bool damaged) {
  while (!end.dead) {
    auto event = end.transport.next();
    if (!event) {
      if (!damaged && event.error().code != base::Errc::full) std::abort();
      end.dead = true;
      return;
    }
    if (event->kind == EventKind::none) return;
    if (event->kind == EventKind::need_host_signature || event->kind == EventKind::need_host_check) {
      testing::answer(end.transport, event->kind);
    } else if (event->kind == EventKind::message) {
      std::uint64_t number = 0;
      if (event->payload.size() < 9) std::abort();
      std::memcpy(&number, event->payload.data() + 1, 8);
      if (number != end.received || number >= peer.sent) std::abort();
      ++end.received;
    }
  }
}

void send(End& end, std::size_t bytes, bool direct) {
  base::Bytes payload(9 + bytes, 94);
  std::memcpy(payload.data() + 1, &end.sent, 8);
  if (!direct) {
    if (end.transport.send(payload)) ++end.sent;
    return;
  }
  const auto room = end.transport.begin_payload(payload.size());
  if (room.size() < payload.size()) {
    if (!room.empty()) (void)end.transport.end_payload(0);
    return;
  }
  std::memcpy(room.data(), payload.data(), payload.size());
  if (end.transport.end_payload(payload.size())) ++end.sent;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testing::Choices in({data, size});
  testing::FixedRandom random(1);
  const auto names = std::array{"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"};
  const char* cipher = names[in.byte() % names.size()];
  End client{Transport(config_of(Role::client, cipher), random)};
  End server{Transport(config_of(Role::server, cipher), random)};
  for (int i = 0; i < 6; ++i) {
    carry(client, server, SIZE_MAX);
    carry(server, client, SIZE_MAX);
    take(server, client, false);
    take(client, server, false);
  }
  client.transport.set_authenticated();
  server.transport.set_authenticated();
  bool damaged = false;
  for (int step = 0; step < 300 && !in.empty(); ++step) {
    const std::uint8_t op = in.byte();
    End& a = op & 1 ? client : server;
    End& b = op & 1 ? server : client;
    switch (op >> 1 & 7) {
      case 0:
        send(a, in.number(3000), true);
        break;
      case 1:
        send(a, in.number(3000), false);
        break;
      case 2:
        a.transport.request_rekey();
        break;
      case 3:
        a.transport.give_back_buffers();
        break;
      case 4:
        if (op & 0x80) {
          const auto room = b.transport.in_space();
          if (!room.empty()) {
            room[0] = in.byte();
            b.transport.in_commit(1);
            damaged = true;
          }
        }
        break;
      default:
        carry(a, b, 1 + in.number(4000));
        take(b, a, damaged);
    }
  }
  return 0;
}
