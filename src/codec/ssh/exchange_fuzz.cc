// SPDX-License-Identifier: Apache-2.0
// Fuzzes key exchange in both roles: whole packets in the clear with foreign payloads, and KEXINITs that lead further.
#include <cstdlib>

#include "codec/ssh/fixed_random.h"
#include "codec/ssh/fuzz_peer.h"
#include "codec/ssh/kexinit.h"
#include "codec/ssh/packet_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::codec::ssh;

const std::vector<std::string> kMethods = {
    "curve25519-sha256",  "diffie-hellman-group14-sha256", "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384", "kex-strict-c-v00@openssh.com",  "kex-strict-s-v00@openssh.com",
    "ext-info-c"};

base::Bytes good_kexinit(testing::Choices& in, base::Random& random) {
  Offer offer;
  const std::uint8_t which = in.byte();
  if (which & 0x80) offer.kex.push_back(which & 1 ? "sntrup761x25519-sha512" : "mlkem768x25519-sha256");
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (which & (1U << i)) offer.kex.push_back(kMethods[i]);
  }
  offer.host_key_algorithms = {"ssh-ed25519", "rsa-sha2-512"};
  offer.ciphers = {"aes128-ctr", "aes256-gcm@openssh.com"};
  offer.macs = {"hmac-sha2-256-etm@openssh.com"};
  base::Bytes out = encode_kexinit(offer, Role::client, ExchangeKind::repeated, random);
  out[out.size() - 5] = in.byte() & 1;
  return out;
}

base::Bytes next_payload(testing::Choices& in, base::Random& random) {
  switch (in.byte() % 4) {
    case 0:
      return good_kexinit(in, random);
    case 1: {
      base::Bytes almost = good_kexinit(in, random);
      almost[in.number(almost.size())] ^= in.byte();
      return almost;
    }
    case 2: {  // a public value, of any length, in a message of any kind
      base::Bytes out{static_cast<std::uint8_t>(30 + in.byte() % 2)};
      const auto value = in.bytes(in.number(1300));
      out.resize(5);
      store_u32(out.data() + 1, static_cast<std::uint32_t>(value.size()));
      out.insert(out.end(), value.begin(), value.end());
      return out;
    }
    default: {
      const auto raw = in.bytes(1 + in.number(400));
      return raw.empty() ? base::Bytes{21} : base::to_bytes(raw);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testing::Choices in({data, size});
  testing::FixedRandom random(1);
  TransportConfig config;
  config.role = in.byte() % 2 == 0 ? Role::server : Role::client;
  config.kex = {"mlkem768x25519-sha256", "sntrup761x25519-sha512", "curve25519-sha256",
                "ecdh-sha2-nistp256",    "ecdh-sha2-nistp384",     "diffie-hellman-group14-sha256"};
  Transport transport(config, random);
  PacketWriter writer(random);
  testing::feed(transport, base::view("SSH-2.0-fuzz\r\n"));
  while (!in.empty()) {
    const base::Bytes payload = next_payload(in, random);
    if (!writer.write(payload)) std::abort();
    if (!testing::feed(transport, writer.view())) break;
    writer.consume(writer.backlog());
    auto event = transport.next();
    if (!event) break;
    if (event->kind == EventKind::message) std::abort();  // nothing may pass without keys
    if (event->kind == EventKind::need_host_signature || event->kind == EventKind::need_host_check) {
      testing::answer(transport, event->kind);
    }
  }
  return 0;
}
