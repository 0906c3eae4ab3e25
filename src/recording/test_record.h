// SPDX-License-Identifier: Apache-2.0
// What the recording's tests share: a directory that goes away, a signing key, a record written in one go.
#pragma once

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/id.h"
#include "base/random.h"
#include "recording/header.h"
#include "recording/reader.h"
#include "recording/record_keys.h"
#include "recording/recover.h"
#include "recording/verify.h"
#include "recording/writer.h"

namespace sallyport::recording::testing {

class TestSigner final : public Signer {
 public:
  TestSigner() {
    if (sodium_init() < 0) abort();
    crypto_sign_keypair(public_.data(), secret_);
  }
  PublicKey public_key() const override { return public_; }
  base::Result<Signature> sign(base::ByteView message) const override {
    Signature out;
    crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), secret_);
    return out;
  }

 private:
  PublicKey public_{};
  unsigned char secret_[crypto_sign_SECRETKEYBYTES] = {};
};

class RecordTest : public ::testing::Test {
 protected:
  RecordTest() {
    // In memory where that exists: thousands of small files are written, and no test here is about the disk itself.
    std::string name = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : "/tmp/";
    name += "sallyport-recording-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) abort();
    directory = name;
    auditor.secret_key = base::SecretBytes(random.bytes(32));
    auditor.public_key = *x25519_public(auditor.secret_key);
    viewer.secret_key = base::SecretBytes(random.bytes(32));
    viewer.public_key = *x25519_public(viewer.secret_key);
    id = base::make_id(1'700'000'000'000'000, random);
  }
  ~RecordTest() override { std::filesystem::remove_all(directory); }

  WriterOptions options() const {
    return {
        directory,
        id,
        1'700'000'000'000'000,
        {{auditor.public_key, Recipient::Scope::session_and_input}, {viewer.public_key, Recipient::Scope::session}}};
  }
  std::unique_ptr<Writer> create() {
    auto writer = Writer::create(options(), signer, random);
    EXPECT_TRUE(writer.has_value()) << (writer ? "" : writer.message());
    return writer ? std::move(*writer) : nullptr;
  }
  /// Runs what is due, as a broker's job thread would.
  void run_jobs(Writer& writer) {
    while (auto job = *writer.take_job()) run(writer, std::move(job));
  }
  JobOutcome run(Writer& writer, std::unique_ptr<Job> job) {
    auto status = job->run(compressor);
    EXPECT_TRUE(status.has_value()) << (status ? "" : status.message());
    auto outcome = writer.finish(std::move(job));
    EXPECT_TRUE(outcome.has_value());
    if (outcome && outcome->chunk) marks.push_back(*outcome->chunk);
    return outcome ? *outcome : JobOutcome{};
  }
  SealMark close(Writer& writer, std::string_view reason = "exit") {
    auto job = writer.take_close_job(base::view("manifest"), reason, 1'700'000'999'000'000);
    EXPECT_TRUE(job.has_value());
    return run(writer, std::move(*job)).seal.value_or(SealMark{});
  }
  ReadKeys keys(const RecipientKey& who) {
    auto source = open_directory(directory, id);
    auto info = inspect(**source);
    auto file = base::read_file(keys_path(directory, id), kMaxKeyFileBytes);
    auto keys = unwrap_keys(*file, info->header_hash, who);
    EXPECT_TRUE(keys.has_value()) << (keys ? "" : keys.message());
    return keys ? std::move(*keys) : ReadKeys{};
  }
  std::shared_ptr<RecordSource> source() {
    auto opened = open_directory(directory, id);
    EXPECT_TRUE(opened.has_value());
    return std::shared_ptr<RecordSource>(std::move(*opened));
  }
  struct Content {
    std::vector<std::string> events;
    std::vector<Damage> damage;
    bool ended = false;
  };
  Content read_all(const RecipientKey& who) {
    Content out;
    auto reader = Reader::open(source(), keys(who));
    EXPECT_TRUE(reader.has_value()) << (reader ? "" : reader.message());
    while (reader) {
      auto step = reader->next();
      EXPECT_TRUE(step.has_value());
      if (!step) break;
      if (auto* e = std::get_if<Entry>(&*step)) {
        if (out.damage.empty()) {
          EXPECT_EQ(e->seq, out.events.size());
        }
        out.events.push_back(e->hidden ? "(hidden)" : base::to_text(e->event));
      } else if (auto* d = std::get_if<Damage>(&*step)) {
        out.damage.push_back(*d);
      } else {
        out.ended = std::holds_alternative<End>(*step);
        break;
      }
    }
    return out;
  }

  std::string rec() const { return record_path(directory, id); }
  std::string tail(std::uint64_t n) const { return tail_path(directory, id, n); }
  static std::string load(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void store(const std::string& path, std::string_view bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  base::SystemRandom random;
  std::shared_ptr<TestSigner> signer = std::make_shared<TestSigner>();
  std::string directory;
  std::string id;
  RecipientKey auditor;  // session and input
  RecipientKey viewer;   // session alone
  Compressor compressor;
  std::vector<ChunkMark> marks;
};

}  // namespace sallyport::recording::testing
