// SPDX-License-Identifier: Apache-2.0
// Fuzzes the packet layer under every cipher: foreign bytes as they are, and sealed packets whose insides are foreign.
#include <cstdlib>

#include "codec/ssh/cipher.h"
#include "codec/ssh/fixed_random.h"
#include "codec/ssh/fuzz_peer.h"
#include "codec/ssh/packet_reader.h"
#include "codec/ssh/packet_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::codec::ssh;

std::unique_ptr<PacketCipher> cipher_of(std::size_t number, Direction direction) {
  const auto names = default_algorithms(AlgorithmClass::cipher, Role::server);
  if (number >= names.size()) return make_plaintext();
  const CipherAlgorithm& cipher = *find_cipher(names[number]);
  const MacAlgorithm* mac = cipher.authenticates() ? nullptr : find_mac("hmac-sha2-256-etm@openssh.com");
  const CipherKeys keys{base::SecretBytes(cipher.key_bytes), base::SecretBytes(cipher.iv_bytes),
                        base::SecretBytes(mac ? mac->key_bytes : 0)};
  auto made = make_cipher(cipher, mac, direction, keys);
  if (!made) std::abort();
  return std::move(*made);
}

void put(PacketReader& reader, base::ByteView bytes) {
  while (!bytes.empty()) {
    const auto room = reader.space();
    const std::size_t n = std::min(room.size(), bytes.size());
    if (n == 0) return;
    std::memcpy(room.data(), bytes.data(), n);
    reader.commit(n);
    bytes = bytes.subspan(n);
    while (true) {
      auto packet = reader.next();
      if (!packet) return;
      if (!*packet) break;
      if ((*packet)->payload.empty()) std::abort();
    }
  }
}

/// A packet that authenticates, with a length and a padding that a peer made up.
void forged(PacketReader& reader, PacketCipher& seal, testing::Choices& in) {
  std::uint32_t sequence = 0;
  while (!in.empty()) {
    base::Bytes packet(4 + 8 + in.number(600));
    store_u32(packet.data(), static_cast<std::uint32_t>(in.number(4) == 0 ? in.number(65536) : packet.size() - 4));
    const auto body = in.bytes(packet.size() - 4);
    std::copy(body.begin(), body.end(), packet.begin() + 4);
    packet.resize(packet.size() + seal.tag_bytes());
    if (!seal.seal(sequence++, packet)) std::abort();
    put(reader, packet);
  }
}

/// What the writer seals the reader opens, however it is cut.
void there_and_back(PacketReader& reader, PacketWriter& writer, testing::Choices& in) {
  while (!in.empty()) {
    const auto payload = in.bytes(1 + in.number(5000));
    if (payload.empty()) return;
    if (!writer.write(payload)) std::abort();
    bool came = false;
    while (writer.backlog() > 0 || !came) {
      const auto room = reader.space();
      const std::size_t n = std::min({room.size(), writer.backlog(), 1 + in.number(3000)});
      std::memcpy(room.data(), writer.view().data(), n);
      reader.commit(n);
      writer.consume(n);
      auto packet = reader.next();
      if (!packet) std::abort();
      if (!*packet) continue;
      if (!std::ranges::equal((*packet)->payload, payload)) std::abort();
      came = true;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testing::Choices in({data, size});
  testing::FixedRandom random(1);
  const std::size_t number = in.byte() % 7;
  PacketReader reader;
  reader.set_cipher(cipher_of(number, Direction::open), SequenceNumbers::reset);
  switch (in.byte() % 3) {
    case 0:
      put(reader, in.rest());
      break;
    case 1:
      forged(reader, *cipher_of(number, Direction::seal), in);
      break;
    default: {
      PacketWriter writer(random);
      writer.set_cipher(cipher_of(number, Direction::seal), SequenceNumbers::reset);
      there_and_back(reader, writer, in);
    }
  }
  return 0;
}
