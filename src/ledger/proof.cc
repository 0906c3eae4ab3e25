// SPDX-License-Identifier: Apache-2.0
// The lines' JSON.
#include "ledger/proof.h"

#include <nlohmann/json.hpp>

namespace sallyport::ledger {

using base::Errc;
using base::fail;
using nlohmann::json;

std::string to_json(const ProvenEvent& event) {
  return json{{"seq", event.seq}, {"body", event.body}, {"salt", event.salt}, {"chain", event.chain}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

base::Result<ProofLine> proof_line_from_json(std::string_view line) {
  if (line.size() > kMaxProofLineBytes) return fail(Errc::invalid, "longer than any event");
  const json object = json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Errc::invalid, "not a JSON object");
  if (!object.contains("body")) {
    auto head = head_from_json(line);
    if (!head) {
      return fail(Errc::invalid,
                  "neither an event with its proof (audit export --proof writes them) nor a signed head");
    }
    return ProofLine(std::move(*head));
  }
  ProvenEvent event;
  const auto take = [&](const char* name, std::string& out) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return false;
    out = found->get<std::string>();
    return true;
  };
  const auto seq = object.find("seq");
  const bool whole = seq != object.end() && seq->is_number_integer() && take("body", event.body) &&
                     take("salt", event.salt) && take("chain", event.chain);
  if (!whole) return fail(Errc::invalid, "an event without seq, body, salt or chain");
  event.seq = seq->get<std::int64_t>();
  return ProofLine(std::move(event));
}

}  // namespace sallyport::ledger
