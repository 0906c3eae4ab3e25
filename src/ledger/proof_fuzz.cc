// SPDX-License-Identifier: Apache-2.0
// Exported logs are foreign text: every line is taken or refused, and a walk over what was taken comes to its end.
#include <cstdlib>

#include "ledger/proof.h"
#include "ledger/walk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  ledger::Walk walk({}, {2});
  std::string_view rest = base::text({data, size});
  bool going = true;
  while (going && !rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto parsed = ledger::proof_line_from_json(line);
    if (!parsed) continue;
    if (const auto* head = std::get_if<ledger::Head>(&*parsed)) {
      walk.claim(ledger::Claim::kept, *head);
      continue;
    }
    const auto& event = std::get<ledger::ProvenEvent>(*parsed);
    going = walk.check({event.seq, event.body, event.salt, event.chain});
  }
  const ledger::Verdict verdict = walk.finish();
  if (verdict.ok != verdict.problem.empty()) std::abort();
  return 0;
}
