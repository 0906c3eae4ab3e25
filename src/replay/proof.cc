// SPDX-License-Identifier: Apache-2.0
// What is known of a recording, as the options of its verification.
#include "replay/proof.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "recording/record_keys.h"

namespace sallyport::replay {
namespace {

using recording::Finding;
using recording::VerifyReport;

// A record that nobody can open any more is no evidence: that counts as a fault of it. Files that were copied without
// their keys are another thing.
void check_keys(const OpenRecording& recording, VerifyReport& report) {
  std::vector<Finding> found;
  const bool none = recording.key_file.empty();
  if (!none) found = recording::verify_key_file(recording.key_file, recording.known_keys);
  if (!recording.key_problem.empty() && found.empty()) {
    found.push_back({Finding::Severity::fault, "keys", recording.key_problem});
  } else if (none && recording.key_problem.empty()) {
    found.push_back(
        {Finding::Severity::note, "keys", "no key file beside the record: its contents cannot be opened from here"});
  }
  std::move(found.begin(), found.end(), std::back_inserter(report.findings));
}

}  // namespace

const char* to_string(VerifyReport::State state) {
  switch (state) {
    case VerifyReport::State::live:
      return "live";
    case VerifyReport::State::sealed:
      return "sealed";
    case VerifyReport::State::truncated:
      return "truncated";
    case VerifyReport::State::unreadable:
      return "unreadable";
  }
  return "unreadable";
}

base::Result<VerifyReport> prove(const OpenRecording& recording) {
  recording::VerifyOptions options;
  options.expected_id = recording.id;
  const bool have_node = recording.node_key != recording::PublicKey{};
  const std::span<const recording::PublicKey> node(&recording.node_key, 1);
  if (have_node) options.trusted_nodes = node;
  options.record_bytes = recording.record_bytes;
  options.known_chunks = recording.known_chunks;
  options.known_header = recording.known_header;
  options.known_seal = recording.known_seal;
  options.other_seals = recording.other_seals;
  if (!recording.keys.session.empty()) options.keys = &recording.keys;
  auto report = recording::verify(*recording.source, options);
  if (!report) return report;
  check_keys(recording, *report);
  return report;
}

}  // namespace sallyport::replay
