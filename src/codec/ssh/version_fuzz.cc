// SPDX-License-Identifier: Apache-2.0
// Fuzzes what comes before the first key exchange, in both roles, as raw bytes in foreign pieces.
#include "codec/ssh/fixed_random.h"
#include "codec/ssh/fuzz_peer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::codec::ssh;
  testing::Choices in({data, size});
  testing::FixedRandom random(1);
  TransportConfig config;
  config.role = in.byte() % 2 == 0 ? Role::server : Role::client;
  Transport transport(config, random);
  while (!in.empty()) {
    if (!testing::feed(transport, in.bytes(1 + in.number(700)))) break;
    auto event = transport.next();
    if (!event) break;
    if (event->kind == EventKind::need_host_signature || event->kind == EventKind::need_host_check) {
      testing::answer(transport, event->kind);
    }
  }
  return 0;
}
