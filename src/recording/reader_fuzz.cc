// SPDX-License-Identifier: Apache-2.0
// Fuzzes everything that reads a record: map, reader and verifier over files made of the input, the key file, and the
// parsers behind the AEAD and behind a repaired hash, which random bytes would never reach.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "recording/chunk.h"
#include "recording/compressor.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/header.h"
#include "recording/reader.h"
#include "recording/record_keys.h"
#include "recording/record_map.h"
#include "recording/seal.h"
#include "recording/verify.h"

namespace {

using namespace sallyport::recording;
namespace base = sallyport::base;

base::Fd file_of(base::ByteView bytes) {
  base::Fd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  if (!fd || !base::write_all(fd.get(), bytes)) abort();
  return fd;
}

/// The input's halves stand for the record and its first tail.
class FuzzedSource final : public RecordSource {
 public:
  FuzzedSource(base::ByteView record, base::ByteView tail) : record_(file_of(record)), tail_(tail) {}
  int record_fd() const override { return record_.get(); }
  base::Result<base::Fd> open_tail(std::uint64_t number) const override {
    if (number > 1 || tail_.empty()) return base::fail(base::Errc::not_found, "no tail");
    return file_of(tail_);
  }

 private:
  base::Fd record_;
  base::ByteView tail_;
};

ReadKeys fixed_keys() {
  ReadKeys keys{base::SecretBytes(32), base::SecretBytes(32)};
  for (std::size_t i = 0; i < 32; ++i) keys.session.data()[i] = keys.input.data()[i] = static_cast<std::uint8_t>(i);
  return keys;
}

/// Recomputes the hashes that guard a structure, so that the parser behind them sees the fuzzer's fields.
void repair(base::Bytes& record) {
  if (record.size() < kHeaderBytes) return;
  const ReadKeys keys = fixed_keys();
  Hash salt;
  std::copy_n(record.begin() + 8 + kIdBytes + 8 + 32, 32, salt.begin());
  const Hash session = commit_session_key(salt, keys.session);
  const Hash input = commit_input_key(salt, keys.input);
  const auto fields = record.begin() + 8 + kIdBytes + 8 + 64;
  std::copy(session.begin(), session.end(), fields);
  std::copy(input.begin(), input.end(), fields + 32);
  const Hash header = hash(HashOf::header, {base::ByteView(record).first(kHeaderBytes - 96)});
  std::copy(header.begin(), header.end(), record.begin() + kHeaderBytes - 96);
  if (record.size() < kHeaderBytes + kChunkHeadBytes) return;
  const base::ByteView head = base::ByteView(record).subspan(kHeaderBytes, kChunkHeadBytes - 32);
  const Hash sum = hash(HashOf::chunk_head, {head});
  std::copy(sum.begin(), sum.end(), record.begin() + kHeaderBytes + kChunkHeadBytes - 32);
}

void read_whole(base::ByteView record, base::ByteView tail) {
  const auto source = std::make_shared<FuzzedSource>(record, tail);
  VerifyOptions options;
  const ReadKeys keys = fixed_keys();
  options.keys = &keys;
  auto report = verify(*source, options);
  if (report && report->findings.size() > kMaxFindings + 1) abort();
  auto reader = Reader::open(source, fixed_keys());
  if (!reader) return;
  for (int i = 0; i < 10000; ++i) {
    auto step = reader->next();
    if (!step || std::holds_alternative<Waiting>(*step) || std::holds_alternative<End>(*step)) break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ready_crypto();
  if (size < 1 || size > 256 * 1024) return 0;
  const base::ByteView in(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      read_whole(in, {});
      break;
    case 1: {
      base::Bytes record = base::to_bytes(in);
      repair(record);
      read_whole(record, in.subspan(std::min(in.size(), kHeaderBytes)));
      break;
    }
    case 2:
      (void)walk_frames(in, Hash{});
      break;
    case 3: {
      base::ByteView rest = in;
      while (!rest.empty() && take_entry(rest)) {
      }
      break;
    }
    case 4: {
      base::Bytes out;
      (void)decompress(in, kMaxChunkPlainBytes, out);
      (void)decode_seal(in);
      (void)decode_tail_head(in);
      break;
    }
    default:
      (void)verify_key_file(in);
      break;
  }
  return 0;
}
