// SPDX-License-Identifier: Apache-2.0
// Wrapping of a record's keys to X25519 recipients (libsodium's sealed boxes), and the file that holds the results.
// Reads foreign bytes; wipes what it opened.
#include "recording/record_keys.h"

#include <fcntl.h>
#include <sodium.h>

#include <algorithm>

#include "recording/crypto.h"
#include "recording/file_io.h"
#include "recording/wire.h"
#include "recording/writer.h"

namespace sallyport::recording {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'P', 'K', 'E', 'Y', 'S', 0, 1};
// A box holds the key and the header's hash, so that it cannot be moved to another record unnoticed.
constexpr std::size_t kPlainBytes = kKeyBytes + 32;
constexpr std::size_t kBoxBytes = crypto_box_SEALBYTES + kPlainBytes;
constexpr std::size_t kEntryBytes = 1 + 32 + kBoxBytes;
constexpr std::size_t kMinKeyFileBytes = 8 + 4 + 32;
static_assert(kMaxKeyFileBytes == 8 + 4 + 2 * kMaxRecipients * kEntryBytes + 32);

struct Wrapped {
  KeyFileEntry entry;
  base::ByteView box;
};

base::Result<std::vector<Wrapped>> decode(base::ByteView file) {
  if (file.size() < kMinKeyFileBytes || file.size() > kMaxKeyFileBytes) {
    return base::fail(base::Errc::corrupt, "key file: impossible size");
  }
  const base::ByteView body = file.first(file.size() - 32);
  const Hash sum = hash(HashOf::key_file, {body});
  if (!std::equal(sum.begin(), sum.end(), file.end() - 32)) {
    return base::fail(base::Errc::corrupt, "key file: does not match its checksum");
  }
  WireReader in(body);
  if (in.array<8>() != kMagic) return base::fail(base::Errc::corrupt, "key file: unknown format");
  const auto count = in.number<std::uint32_t>();
  if (count > 2 * kMaxRecipients || in.left() != count * kEntryBytes) {
    return base::fail(base::Errc::corrupt, "key file: impossible number of entries");
  }
  std::vector<Wrapped> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    Wrapped w;
    const auto which = in.number<std::uint8_t>();
    if (which != 1 && which != 2) return base::fail(base::Errc::corrupt, "key file: unknown kind of key");
    w.entry.which = static_cast<KeyFileEntry::Which>(which);
    w.entry.recipient = in.array<32>();
    w.box = in.raw(kBoxBytes);
    out.push_back(w);
  }
  return out;
}

base::Status append_wrapped(base::Bytes& out, KeyFileEntry::Which which, const base::SecretBytes& key,
                            const Hash& header_hash, const PublicKey& recipient) {
  base::SecretBytes plain(kPlainBytes);
  std::copy(key.data(), key.data() + kKeyBytes, plain.data());
  std::copy(header_hash.begin(), header_hash.end(), plain.data() + kKeyBytes);
  WireWriter(out).number(static_cast<std::uint8_t>(which)).raw(recipient);
  const std::size_t at = out.size();
  out.resize(at + kBoxBytes);
  if (crypto_box_seal(out.data() + at, plain.data(), plain.size(), recipient.data()) != 0) {
    return base::fail(base::Errc::invalid, "a recipient's public key is not a usable X25519 key");
  }
  return {};
}

}  // namespace

ReadKeys make_keys(base::Random& random) {
  ReadKeys keys{base::SecretBytes(kKeyBytes), base::SecretBytes(kKeyBytes)};
  random.fill({keys.session.data(), keys.session.size()});
  random.fill({keys.input.data(), keys.input.size()});
  return keys;
}

base::Result<base::Bytes> wrap_keys(const ReadKeys& keys, const Hash& header_hash,
                                    std::span<const Recipient> recipients) {
  ready_crypto();
  if (recipients.size() > kMaxRecipients) return base::fail(base::Errc::invalid, "more than 64 recording recipients");
  if (keys.session.size() != kKeyBytes) return base::fail(base::Errc::invalid, "no session key to wrap");
  std::uint32_t count = 0;
  base::Bytes out;
  WireWriter(out).raw(kMagic).number(count);
  for (const Recipient& r : recipients) {
    auto done = append_wrapped(out, KeyFileEntry::Which::session, keys.session, header_hash, r.key);
    if (!done) return pass(done);
    ++count;
    if (r.scope != Recipient::Scope::session_and_input) continue;
    if (keys.input.size() != kKeyBytes) return base::fail(base::Errc::invalid, "no input key to wrap");
    done = append_wrapped(out, KeyFileEntry::Which::input, keys.input, header_hash, r.key);
    if (!done) return pass(done);
    ++count;
  }
  put_le(out.data() + kMagic.size(), count);
  WireWriter(out).raw(hash(HashOf::key_file, {out}));
  return out;
}

base::Result<ReadKeys> unwrap_keys(base::ByteView keys_file, const Hash& header_hash, const RecipientKey& recipient) {
  ready_crypto();
  auto entries = decode(keys_file);
  if (!entries) return pass(entries);
  if (recipient.secret_key.size() != crypto_box_SECRETKEYBYTES) {
    return base::fail(base::Errc::invalid, "a recipient's secret key has 32 bytes");
  }
  ReadKeys keys;
  for (const Wrapped& w : *entries) {
    if (w.entry.recipient != recipient.public_key) continue;
    base::SecretBytes plain(kPlainBytes);
    if (crypto_box_seal_open(plain.data(), w.box.data(), w.box.size(), recipient.public_key.data(),
                             recipient.secret_key.data()) != 0) {
      return base::fail(base::Errc::corrupt, "key file: a wrapped key does not open with its recipient's key");
    }
    if (!std::equal(header_hash.begin(), header_hash.end(), plain.data() + kKeyBytes)) {
      return base::fail(base::Errc::corrupt, "key file: belongs to another recording");
    }
    (w.entry.which == KeyFileEntry::Which::session ? keys.session : keys.input) =
        base::SecretBytes(plain.view().first(kKeyBytes));
  }
  if (keys.session.empty()) return base::fail(base::Errc::denied, "the recording is not wrapped to this recipient");
  return keys;
}

base::Result<std::vector<KeyFileEntry>> list_key_file(base::ByteView keys_file) {
  auto entries = decode(keys_file);
  if (!entries) return pass(entries);
  std::vector<KeyFileEntry> out;
  for (const Wrapped& w : *entries) out.push_back(w.entry);
  return out;
}

base::Result<base::Bytes> read_key_file(const std::string& directory, const std::string& id) {
  auto fd = open_regular(keys_path(directory, id), O_RDONLY);
  if (!fd) return pass(fd);
  auto bytes = read_at(fd->get(), 0, kMaxKeyFileBytes + 1);
  if (bytes && (bytes->size() < kMinKeyFileBytes || bytes->size() > kMaxKeyFileBytes)) {
    return base::fail(base::Errc::corrupt, "key file: impossible size");
  }
  return bytes;
}

Hash key_file_checksum(base::ByteView keys_file) {
  Hash out{};
  if (keys_file.size() >= out.size()) std::copy(keys_file.end() - 32, keys_file.end(), out.begin());
  return out;
}

bool usable_x25519(const PublicKey& key) {
  ready_crypto();
  // The shared secret with a point of small order is zero whoever the other is, and libsodium then fails.
  const std::array<std::uint8_t, crypto_scalarmult_SCALARBYTES> anybody{1};
  std::array<std::uint8_t, crypto_scalarmult_BYTES> shared{};
  return crypto_scalarmult(shared.data(), anybody.data(), key.data()) == 0;
}

base::Result<PublicKey> x25519_public(const base::SecretBytes& secret_key) {
  PublicKey out{};
  if (secret_key.size() != crypto_box_SECRETKEYBYTES || crypto_scalarmult_base(out.data(), secret_key.data()) != 0) {
    return base::fail(base::Errc::invalid, "not an X25519 secret key");
  }
  return out;
}

}  // namespace sallyport::recording
