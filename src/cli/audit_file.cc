// SPDX-License-Identifier: Apache-2.0
// Two readings: the heads first, for each must be known before the event that it vouches for.
#include "cli/audit_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "ledger/proof.h"
#include "ledger/walk.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kKeyBytes = 32;

/// Calls take with every line; it returns false to end.
base::Status each_line(const std::string& path, const std::function<bool(const ledger::ProofLine&)>& take) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail_errno("opening " + path);
  std::string buffer(ledger::kMaxProofLineBytes + 2, '\0');
  for (std::int64_t number = 1;; ++number) {
    const auto wrong = [&](const std::string& what) {
      std::string text(path);
      text.append(", line ").append(std::to_string(number)).append(": ").append(what);
      return base::fail(base::Errc::invalid, std::move(text));
    };
    in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.bad()) return base::fail_errno("reading " + path);
    const auto got = static_cast<std::size_t>(in.gcount());
    if (in.eof() && got == 0) return {};
    if (in.fail()) return wrong("the line is longer than any event");
    const std::string_view line(buffer.data(), in.eof() ? got : got - 1);
    auto parsed = ledger::proof_line_from_json(line);
    if (!parsed) return wrong(parsed.message());
    if (!take(*parsed) || in.eof()) return {};
  }
}

}  // namespace

base::Result<Json> verdict_of_file(const std::string& path, const std::vector<std::string>& heads,
                                   std::vector<std::int64_t> known_faults, const std::string& node_key) {
  std::vector<base::Bytes> trusted;
  if (!node_key.empty()) {
    auto key = base::from_base64(node_key);
    if (!key || key->size() != kKeyBytes) {
      return base::fail(base::Errc::invalid, "--node-key: 32 bytes in base64, as `sallyport status` shows them");
    }
    trusted.push_back(std::move(*key));
  }
  // It is read twice. What is not there is told when it is opened.
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return base::fail(base::Errc::invalid, path + ": not a regular file: keep the export in one");
  }
  ledger::Walk walk(std::move(trusted), std::move(known_faults));
  for (const std::string& line : heads) {
    auto head = ledger::head_from_json(line);
    if (!head) return base::pass(head);
    walk.claim(ledger::Claim::elsewhere, std::move(*head));
  }
  auto read = each_line(path, [&](const ledger::ProofLine& line) {
    if (const auto* head = std::get_if<ledger::Head>(&line)) walk.claim(ledger::Claim::kept, *head);
    return true;
  });
  if (!read) return base::pass(read);
  read = each_line(path, [&](const ledger::ProofLine& line) {
    const auto* event = std::get_if<ledger::ProvenEvent>(&line);
    return event == nullptr || walk.check({event->seq, event->body, event->salt, event->chain});
  });
  if (!read) return base::pass(read);
  ledger::Verdict verdict = walk.finish();
  if (verdict.ok && verdict.events == 0) return base::fail(base::Errc::invalid, path + ": holds no event");
  if (verdict.ok && verdict.signed_seq < verdict.events) {
    walk.broken(verdict.signed_seq + 1, "no signed head vouches for " + ledger::event_name(verdict.signed_seq + 1) +
                                            " and what follows: the end of the export is missing");
    verdict = walk.finish();
  }
  Json out = {{"ok", verdict.ok},
              {"events", verdict.events},
              {"heads", verdict.heads},
              {"signed_seq", verdict.signed_seq},
              {"signer_trusted", !node_key.empty()},
              {"faults", verdict.faults},
              {"chain", base::to_hex(verdict.chain)}};
  if (!verdict.ok) {
    out["broken_seq"] = verdict.broken_seq;
    out["problem"] = verdict.problem;
  }
  return out;
}

}  // namespace sallyport::cli
