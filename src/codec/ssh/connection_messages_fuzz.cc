// SPDX-License-Identifier: Apache-2.0
// Fuzzes the connection protocol: foreign payloads in sequence into a channel table that also acts, and every message
// that decodes there and back.
#include <cstdlib>

#include "codec/ssh/connection.h"
#include "codec/ssh/fixed_random.h"
#include "codec/ssh/fuzz_peer.h"
#include "codec/ssh/terminal_modes.h"

namespace {

using namespace sallyport;
using namespace sallyport::codec::ssh;

void there_and_back(base::ByteView payload) {
  auto message = decode_connection(payload);
  if (!message) return;
  std::visit(
      [&]<class M>(const M& m) {
        if constexpr (!std::is_same_v<M, UnknownMessage>) {
          base::Bytes wire;
          encode(m, wire);
          if (!decode_connection(wire)) std::abort();
        }
      },
      *message);
  if (const auto* request = std::get_if<ChannelRequest>(&*message)) {
    if (const auto* pty = std::get_if<PtyRequest>(&request->body)) (void)decode_terminal_modes(pty->modes);
  }
}

/// The table may never let a peer have more open than it was given.
void check(const ChannelTable& table) {
  for (const ChannelId id : table.ids()) {
    const Channel& c = *table.find(id);
    if (c.in_window > c.in_window_size || table.sendable(id) > c.out_window) std::abort();
  }
  if (table.size() > 8) std::abort();
}

void act(Connection& connection, testing::Choices& in, ChannelId id) {
  switch (in.byte() % 9) {
    case 0:
      (void)connection.confirm(id, 1000, 500);
      break;
    case 1:
      (void)connection.refuse(id, OpenFailureReason::connect_failed, "no");
      break;
    case 2:
      (void)connection.reply(id, Reply::success);
      break;
    case 3:
      (void)connection.eof(id);
      break;
    case 4:
      (void)connection.close(id);
      break;
    case 5:
      (void)connection.request(id, ShellRequest{}, WantReply::yes);
      break;
    case 6:
      (void)connection.consumed(id, static_cast<std::uint32_t>(in.number(2000)));
      break;
    case 7:
      (void)connection.open(OpenSession{}, 1000, 500);
      break;
    default:
      (void)connection.global_reply(Reply::failure);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  there_and_back({data, size});
  testing::FixedRandom random(1);
  Transport transport({}, random);  // has no keys: what is sent is kept back, up to its bound
  Connection connection(transport, ChannelLimits{8, 4});
  testing::Choices in({data, size});
  while (!in.empty()) {
    const std::uint8_t choice = in.byte();
    if (choice & 0x80) {
      act(connection, in, choice & 7);
    } else {
      const auto payload = in.bytes(1 + choice);
      if (payload.empty()) break;
      if (!connection.receive(payload)) break;
      there_and_back(payload);
    }
    check(connection.channels());
  }
  return 0;
}
