// SPDX-License-Identifier: Apache-2.0
// Everything that can be done to a small record is done to it, byte by byte and piece by piece: verify() has to name
// it.
#include "recording/verify_test.h"

#include <ctime>

#include "recording/chunk.h"
#include "recording/frame.h"
#include "recording/seal.h"

namespace sallyport::recording::testing {
namespace {

TEST_F(VerifyTest, ASoundRecordIsSound) {
  write_many();
  const auto k = keys(auditor);
  const VerifyReport report = check(&k);
  EXPECT_TRUE(report.sound()) << text(report);
  EXPECT_EQ(report.state, VerifyReport::State::sealed);
  EXPECT_EQ(report.entries, 130U);
  EXPECT_TRUE(report.signer_trusted);
  EXPECT_TRUE(report.opened);
  EXPECT_TRUE(report.findings.empty()) << text(report);
}

TEST_F(VerifyTest, EveryFlippedByteOfASealedRecordIsNamed) {
  write_sealed();
  flip_every_byte(rec(), parts_of_record(), nullptr);
  const auto k = keys(auditor);
  flip_every_byte(rec(), parts_of_record(), &k);
}

TEST_F(VerifyTest, EveryFlippedByteOfARecoveredRecordIsNamed) {
  write_recovered();
  ASSERT_TRUE(check().sound()) << text(check());
  EXPECT_EQ(check().state, VerifyReport::State::truncated);
  flip_every_byte(rec(), parts_of_record(), nullptr);
}

TEST_F(VerifyTest, AFlippedByteInAVerbatimChunkNamesItsFrame) {
  write_recovered();
  const std::string sound = load(rec());
  const auto parts = parts_of_record();
  const std::size_t body = parts[1].begin + kChunkHeadBytes;
  const FrameWalk walk = walk_frames(base::view(std::string_view(sound).substr(body, parts[1].end - body)),
                                     inspect(*source())->header_hash);
  ASSERT_EQ(walk.frames.size(), 5U);
  for (const WalkedFrame& f : walk.frames) {
    for (std::size_t i = 0; i < f.size; ++i) {
      std::string bad = sound;
      bad[body + f.offset + i] = static_cast<char>(bad[body + f.offset + i] ^ 0x10);
      store(rec(), bad);
      const VerifyReport report = check();
      ASSERT_TRUE(names(report, "chunk 0, frame " + std::to_string(f.head.number)) ||
                  names(report, "chunk 0, frame " + std::to_string(f.head.number ^ 0x10)))
          << "frame " << f.head.number << " byte " << i << "\n"
          << text(report);
    }
  }
}

TEST_F(VerifyTest, EveryTruncationIsNoticed) {
  write_sealed();
  const std::string sound = load(rec());
  for (std::size_t size = 0; size < sound.size(); ++size) {
    store(rec(), sound.substr(0, size));
    ASSERT_FALSE(check().sound()) << size;
  }
}

TEST_F(VerifyTest, EveryTruncationOfARecoveredRecordIsNoticed) {
  write_recovered();
  const std::string sound = load(rec());
  for (std::size_t size = 0; size < sound.size(); ++size) {
    store(rec(), sound.substr(0, size));
    ASSERT_FALSE(check().sound()) << size;
  }
}

TEST_F(VerifyTest, ByteMissingOrDoubledAnywhereIsNamed) {
  write_sealed();
  const std::string sound = load(rec());
  for (const Part& part : parts_of_record()) {
    for (std::size_t i = part.begin; i < part.end; ++i) {
      store(rec(), sound.substr(0, i) + sound.substr(i + 1));
      VerifyReport report = check();
      ASSERT_FALSE(report.sound()) << "missing " << part.name << " " << i - part.begin;
      store(rec(), sound.substr(0, i + 1) + sound.substr(i));
      report = check();
      ASSERT_FALSE(report.sound()) << "doubled " << part.name << " " << i - part.begin;
    }
  }
}

TEST_F(VerifyTest, BytesSwappedAnywhereAreNoticed) {
  write_sealed();
  const std::string sound = load(rec());
  for (std::size_t i = 0; i + 1 < sound.size(); ++i) {
    if (sound[i] == sound[i + 1]) continue;
    std::string bad = sound;
    std::swap(bad[i], bad[i + 1]);
    store(rec(), bad);
    ASSERT_FALSE(check().sound()) << i;
  }
}

TEST_F(VerifyTest, ChunksMissingDoubledAndSwappedAreNamed) {
  write_many();
  const std::string sound = load(rec());
  const auto parts = parts_of_record();
  const auto piece = [&](std::size_t i) { return sound.substr(parts[i].begin, parts[i].end - parts[i].begin); };
  const std::size_t chunks = parts.size() - 2;
  for (std::size_t victim = 0; victim < chunks; ++victim) {
    std::string missing, doubled, swapped;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const bool here = p == victim + 1;
      missing += here ? "" : piece(p);
      doubled += piece(p) + (here ? piece(p) : "");
      swapped += here ? piece(p % chunks + 1) : p == (victim + 1) % chunks + 1 ? piece(victim + 1) : piece(p);
    }
    const std::string name = "chunk " + std::to_string(victim);
    store(rec(), missing);
    EXPECT_TRUE(text(check()).find(name + ": missing") != std::string::npos) << text(check());
    store(rec(), doubled);
    EXPECT_TRUE(text(check()).find("duplicate of " + name) != std::string::npos) << text(check());
    store(rec(), swapped);
    EXPECT_FALSE(check().sound());
    EXPECT_TRUE(names(check(), name)) << text(check());
  }
}

TEST_F(VerifyTest, AByteTakenFromABodyCostsOneChunk) {
  write_many();
  const std::string sound = load(rec());
  const auto parts = parts_of_record();
  const std::size_t at = parts[2].begin + kChunkHeadBytes + 40;
  store(rec(), sound.substr(0, at) + sound.substr(at + 1));
  const VerifyReport report = check();
  EXPECT_TRUE(names(report, "chunk 1")) << text(report);
  EXPECT_NE(text(report).find("1 bytes are missing from its body"), std::string::npos) << text(report);
  EXPECT_EQ(text(report).find("body does not match its hash", text(report).find("chunk 2 at")), std::string::npos);
  const auto content = read_all(viewer);
  ASSERT_EQ(content.damage.size(), 1U);
  EXPECT_NE(content.damage[0].where.find("chunk 1"), std::string::npos);
  EXPECT_GT(content.events.size(), 80U);
}

TEST_F(VerifyTest, AGapIsOneDamageHoweverWideItClaimsToBe) {
  write_many();
  const auto parts = parts_of_record();
  const std::string sound = load(rec());
  store(rec(), sound.substr(0, parts[2].begin) + sound.substr(parts[4].begin));
  const auto content = read_all(viewer);
  ASSERT_EQ(content.damage.size(), 1U);
  EXPECT_EQ(content.damage[0].where, "chunk 1 to 2");
  EXPECT_TRUE(content.ended);
  // A head with a hash of its own making may name any number.
  ChunkHead head = *decode_chunk_head(base::view(std::string_view(sound).substr(parts[3].begin, kChunkHeadBytes)));
  for (const std::uint64_t number : {std::uint64_t{1} << 20, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    head.number = number;
    EXPECT_FALSE(decode_chunk_head(encode_chunk_head(head))) << number;
  }
}

// Chunks out of order, each number but every third, with a byte between them that is nobody's, and bodies that claim
// what follows them: what a file can claim must not cost more than what it holds. Quadratic work would be minutes.
TEST_F(VerifyTest, ShuffledNumbersCostNoMoreThanTheFileIsLong) {
  write_sealed();
  constexpr std::uint64_t count = 60'000;
  for (const std::uint32_t body_bytes : {0U, 100'000U}) {
    std::string made = load(rec()).substr(0, kHeaderBytes);
    for (std::uint64_t i = 0; i < count; ++i) {
      ChunkHead head;
      head.form = ChunkForm::verbatim;
      head.number = (i * 7919 % count) / 2 * 3;
      head.body_bytes = body_bytes;
      made += std::string(base::text(encode_chunk_head(head))) + "x";
    }
    made += std::string(200'000, 'x');
    store(rec(), made);
    const std::clock_t begin = std::clock();
    const VerifyReport report = check();
    EXPECT_FALSE(report.sound());
    EXPECT_EQ(report.chunks, count / 2);
    const auto content = read_all(viewer);
    EXPECT_GE(content.damage.size(), count / 2 - 1);
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 20.0);
  }
}

TEST_F(VerifyTest, AnotherRecordsChunkIsNotTaken) {
  write_many();
  const std::string mine = load(rec());
  const auto my_parts = parts_of_record();
  const std::string my_path = rec();
  const std::string my_id = id;
  id = base::make_id(1'700'000'000'000'001, random);
  marks.clear();
  write_many();
  const auto other_parts = parts_of_record();
  const std::string other = load(rec());
  id = my_id;
  store(my_path, mine.substr(0, my_parts[2].begin) +
                     other.substr(other_parts[2].begin, other_parts[2].end - other_parts[2].begin) +
                     mine.substr(my_parts[2].end));
  EXPECT_TRUE(names(check(), "chunk 1")) << text(check());
  store(my_path, other);
  EXPECT_NE(text(check()).find("names another session"), std::string::npos);
}

TEST_F(VerifyTest, TheAuditLogsMarksCatchARewrittenRecord) {
  write_sealed();
  const PublicKey trusted[] = {signer->public_key()};
  const std::vector<ChunkMark> first = marks;
  std::filesystem::remove(rec());
  std::filesystem::remove(keys_path(directory, id));
  write_sealed();
  VerifyOptions o;
  o.trusted_nodes = trusted;
  EXPECT_TRUE(verify(*source(), o)->sound());
  o.known_chunks = first;
  EXPECT_TRUE(names(*verify(*source(), o), "chunk 0"));
  o.known_chunks = {};
  o.known_seal = Hash{};
  EXPECT_TRUE(names(*verify(*source(), o), "seal"));
  o.known_seal.reset();
  o.known_header = Hash{};
  EXPECT_TRUE(names(*verify(*source(), o), "header"));
  const PublicKey stranger[] = {PublicKey{}};
  o.known_header.reset();
  o.trusted_nodes = stranger;
  EXPECT_FALSE(verify(*source(), o)->sound());
}

TEST_F(VerifyTest, ASecondSealInTheAuditLogIsNamed) {
  write_sealed();
  const PublicKey trusted[] = {signer->public_key()};
  VerifyOptions o;
  o.trusted_nodes = trusted;
  o.other_seals = 1;
  EXPECT_FALSE(verify(*source(), o)->sound());
  EXPECT_TRUE(names(*verify(*source(), o), "seal"));
}

TEST_F(VerifyTest, AKeyFileIsTheOneThatIsKnown) {
  auto writer = create();
  auto file = read_key_file(directory, id);
  ASSERT_TRUE(file.has_value()) << file.message();
  EXPECT_EQ(key_file_checksum(*file), writer->key_file_hash());
  EXPECT_TRUE(verify_key_file(*file, writer->key_file_hash()).empty());
  // Wrapped again, to whomever: as whole as the first one.
  const Recipient other[] = {{viewer.public_key, Recipient::Scope::session}};
  auto rewrapped = wrap_keys(keys(auditor), writer->header_hash(), other);
  ASSERT_TRUE(rewrapped.has_value());
  EXPECT_TRUE(verify_key_file(*rewrapped).empty());
  ASSERT_EQ(verify_key_file(*rewrapped, writer->key_file_hash()).size(), 1U);

  const std::string path = keys_path(directory, id);
  for (const std::size_t size : {std::size_t{0}, std::size_t{43}, kMaxKeyFileBytes + 1}) {
    store(path, std::string(size, 'x'));
    EXPECT_EQ(read_key_file(directory, id).error().code, base::Errc::corrupt) << size;
  }
  // The largest that is made can be read.
  const std::vector<Recipient> most(kMaxRecipients, Recipient{viewer.public_key, Recipient::Scope::session_and_input});
  store(path, base::to_text(*wrap_keys(make_keys(random), writer->header_hash(), most)));
  ASSERT_TRUE(read_key_file(directory, id).has_value());
  EXPECT_EQ(read_key_file(directory, id)->size(), kMaxKeyFileBytes);
  std::filesystem::remove(path);
  EXPECT_EQ(read_key_file(directory, id).error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace sallyport::recording::testing
