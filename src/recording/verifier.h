// SPDX-License-Identifier: Apache-2.0
// One verification under way: what verify() sets up and walks through. Reads foreign bytes; nothing it says depends on
// a check it skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "recording/crypto.h"
#include "recording/findings.h"
#include "recording/record_map.h"
#include "recording/verify.h"

namespace sallyport::recording {

inline std::string chunk_name(std::uint64_t number) {
  return "chunk " + std::to_string(number);
}

class Verifier {
 public:
  Verifier(const RecordSource& source, const VerifyOptions& options, RecordMap map)
      : source_(source), options_(options), map_(std::move(map)), findings_(report_.findings) {}

  base::Result<VerifyReport> run() {
    check_header();
    if (auto done = check_chunks(); !done) return pass(done);
    check_missing_chunks();
    check_known_chunks();
    if (auto done = check_tails(); !done) return pass(done);
    check_seal();
    if (auto done = check_end(); !done) return pass(done);
    finish();
    return std::move(report_);
  }

 private:
  void check_header();
  base::Status check_chunks();
  void check_links(const MappedChunk& chunk, const std::string& at);
  base::Status check_body(std::size_t i, const std::string& at);
  void check_verbatim(const MappedChunk& chunk, base::ByteView body, const std::string& at, bool intact);
  void check_missing_chunks();
  void check_known_chunks();
  base::Status check_tails();
  bool holds_last_chunk(base::ByteView tail) const;
  bool check_tail(std::uint64_t number, base::ByteView bytes, bool last);
  base::Result<std::optional<base::Bytes>> read_tail(std::uint64_t number) const;
  void check_seal();
  void check_index(const std::string& at);
  base::Status check_end();
  void finish();

  const RecordSource& source_;
  const VerifyOptions& options_;
  RecordMap map_;
  VerifyReport report_;
  Findings findings_;
  std::optional<RecordKeys> keys_;
  std::set<std::uint64_t> seen_;
  std::uint64_t next_number_ = 0;  // one past the highest chunk
  Hash chain_{};                   // after the last chunk or tail
  bool chain_known_ = true;
  std::uint64_t next_seq_ = 0;
  bool current_tail_ = false;
  bool closing_ = false;  // the last chunk's tail is there: the seal is still to come
  bool covered_ = false;  // the tail that the next chunk would be made of is there
};

}  // namespace sallyport::recording
