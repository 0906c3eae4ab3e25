// SPDX-License-Identifier: Apache-2.0
// Small records to be damaged, and what verify() says of them.
#pragma once

#include <cctype>
#include <string>
#include <vector>

#include "recording/record_map.h"
#include "recording/test_record.h"

namespace sallyport::recording::testing {

/// What a byte of a file belongs to.
struct Part {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class VerifyTest : public RecordTest {
 protected:
  VerifyReport check(const ReadKeys* with_keys = nullptr) {
    const PublicKey trusted[] = {signer->public_key()};
    VerifyOptions o;
    o.expected_id = id;
    o.trusted_nodes = trusted;
    o.keys = with_keys;
    auto report = verify(*source(), o);
    EXPECT_TRUE(report.has_value());
    return report ? *report : VerifyReport{};
  }
  static std::string text(const VerifyReport& r) {
    std::string out;
    for (const Finding& f : r.findings) {
      out += (f.severity == Finding::Severity::fault ? "fault " : "note ") + f.where + ": " + f.what + "\n";
    }
    return out;
  }
  static bool names(const VerifyReport& r, const std::string& part) {
    for (const Finding& f : r.findings) {
      const std::string& w = f.where;
      if (w.starts_with(part) && (w.size() == part.size() || !isdigit(static_cast<unsigned char>(w[part.size()])))) {
        return true;
      }
    }
    return false;
  }

  /// Three chunks as recover() leaves them plus a packed one would need megabytes: so small tails are made chunks by
  /// dying and recovering. Packed chunks come from closing.
  void write_sealed() {
    auto writer = create();
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(writer->add(i % 2 ? EntryKind::input : EntryKind::plain, 100 + i, base::view(std::string(10, 'e'))));
      ASSERT_TRUE(writer->flush());
    }
    close(*writer);
  }
  void write_recovered() {
    {
      auto writer = create();
      for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(
            writer->add(EntryKind::plain, 100 + i, base::view(std::string(static_cast<std::size_t>(5 + i), 'e'))));
        ASSERT_TRUE(writer->flush());
      }
    }
    auto done = recover(directory, id, *signer, "killed", 5000);
    ASSERT_TRUE(done.has_value()) << done.message();
  }
  /// Several packed chunks, larger.
  void write_many() {
    auto writer = create();
    for (int i = 0; i < 130; ++i) {
      ASSERT_TRUE(
          writer->add(EntryKind::plain, 100 + i, base::view(std::string(10000, static_cast<char>('a' + i % 26)))));
      ASSERT_TRUE(writer->flush());
      run_jobs(*writer);
    }
    close(*writer);
    ASSERT_GE(marks.size(), 4U);
  }
  std::vector<Part> parts_of_record() {
    auto s = source();
    auto map = RecordMap::open(s->record_fd());
    EXPECT_TRUE(map->extend());
    std::vector<Part> parts{{"header", 0, kHeaderBytes}};
    for (const MappedChunk& c : map->chunks()) {
      parts.push_back({"chunk " + std::to_string(c.head.number), c.offset, c.offset + c.head.total_bytes()});
    }
    parts.push_back({"seal", map->seal_offset(), map->end()});
    return parts;
  }
  void flip_every_byte(const std::string& path, const std::vector<Part>& parts, const ReadKeys* with_keys) {
    const std::string sound = load(path);
    for (const Part& part : parts) {
      for (std::size_t i = part.begin; i < part.end; ++i) {
        std::string bad = sound;
        bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
        store(path, bad);
        const VerifyReport report = check(with_keys);
        ASSERT_FALSE(report.sound()) << part.name << " byte " << i - part.begin;
        ASSERT_TRUE(names(report, part.name)) << part.name << " byte " << i - part.begin << "\n" << text(report);
      }
    }
    store(path, sound);
  }
};

}  // namespace sallyport::recording::testing
