// SPDX-License-Identifier: Apache-2.0
// audit verify and heads: whether the logs still say what they said.
#include <map>
#include <nlohmann/json.hpp>

#include "audit/verify.h"
#include "broker/api/handlers.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr base::Micros kHeadsLateUs = 2 * audit::kHeadPeriodUs;  // what a busy store's thread may cost

Json verdict_json(const std::string& node, const audit::Verdict& verdict) {
  Json out;
  out["node"] = node;
  out["ok"] = verdict.ok;
  out["events"] = verdict.events;
  out["heads"] = verdict.heads;
  out["signed_seq"] = verdict.signed_seq;
  out["faults"] = verdict.faults;
  out["chain"] = base::to_hex(verdict.chain);
  if (!verdict.ok) {
    out["broken_seq"] = verdict.broken_seq;
    out["problem"] = verdict.problem;
  }
  return out;
}

struct VerifyRequest {
  std::string node;  // empty: all
  std::vector<ledger::Head> heads;
  std::vector<std::int64_t> known_faults;
};

// The heads that were kept go with the log of the node whose key signed them; this node answers for the rest.
void deal_heads(const std::vector<ledger::Head>& heads, const Services& services,
                std::map<std::string, audit::VerifyOptions>& logs) {
  for (const ledger::Head& head : heads) {
    auto owner = logs.find(services.store.node());
    for (auto one = logs.begin(); one != logs.end(); ++one) {
      if (one->second.trusted_keys.front() == head.public_key) owner = one;
    }
    if (owner == logs.end()) owner = logs.begin();
    owner->second.witnessed.push_back(head);
  }
}

// What each log is held to. Other nodes' keys are what the vault sealed.
base::Result<std::map<std::string, audit::VerifyOptions>> logs_to_verify(Services& services,
                                                                         const VerifyRequest& asked) {
  auto nodes = services.store.list_audit_nodes();
  if (!nodes) return base::pass(nodes);
  std::map<std::string, audit::VerifyOptions> out;
  const std::string& own = services.store.node();
  nodes->push_back(own);
  for (const std::string& node : *nodes) {
    if (!asked.node.empty() && node != asked.node) continue;
    audit::VerifyOptions& options = out[node];
    options.node = node;
    // A walk over the whole log takes its turns with other readers, call by call, from a thread of its own.
    options.pages = &services.reader;
    if (node == (asked.node.empty() ? own : asked.node)) options.known_faults = asked.known_faults;
    if (node == own) {
      options.trusted_keys = {services.vault.node_public_key()};
      options.heads_due_us = services.clock.now_us() - kHeadsLateUs;
      continue;
    }
    auto key = services.vault.public_key_of_node(node);
    if (!key && key.error().code != base::Errc::not_found && key.error().code != base::Errc::corrupt) {
      return base::pass(key);
    }
    // Without its key, nothing that it signed counts.
    options.trusted_keys = {key ? std::move(*key) : base::Bytes()};
  }
  if (out.empty()) return base::fail(base::Errc::not_found, "node " + asked.node + " has no audit log here");
  deal_heads(asked.heads, services, out);
  return out;
}

// Of several logs: the sums, what is particular of the answering node's, and each by itself.
Json verdict_of_all(const std::string& own, const std::map<std::string, audit::Verdict>& verdicts) {
  const auto found = verdicts.find(own);
  const auto& [first_name, first] = found == verdicts.end() ? *verdicts.begin() : *found;
  Json out = verdict_json(first_name, first);
  if (verdicts.size() == 1) return out;
  std::int64_t events = 0;
  std::int64_t heads = 0;
  Json each = Json::array();
  for (const auto& [node, verdict] : verdicts) {
    events += verdict.events;
    heads += verdict.heads;
    each.push_back(verdict_json(node, verdict));
    if (verdict.ok || out.contains("problem")) continue;
    out["ok"] = false;
    out["broken_seq"] = verdict.broken_seq;
    out["problem"] = "node " + node + ": " + verdict.problem;
  }
  out["events"] = events;
  out["heads"] = heads;
  out["nodes"] = std::move(each);
  return out;
}

base::Result<Answer> verify_logs(Services& services, const VerifyRequest& asked) {
  auto logs = logs_to_verify(services, asked);
  if (!logs) return base::pass(logs);
  std::map<std::string, audit::Verdict> verdicts;
  for (const auto& [node, options] : *logs) {
    auto verdict = audit::verify(services.store, options);
    if (!verdict) return base::pass(verdict);
    verdicts.emplace(node, std::move(*verdict));
  }
  return Answer{{},
                verdict_of_all(services.store.node(), verdicts).dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

void audit_verify(const ExchangePtr& exchange, ipc::AuditVerify& asked) {
  VerifyRequest wanted;
  wanted.node = asked.node();
  wanted.known_faults.assign(asked.known_faults().begin(), asked.known_faults().end());
  for (const std::string& line : asked.heads()) {
    auto head = ledger::head_from_json(line);
    if (!head) return exchange->fail(head.error());
    wanted.heads.push_back(std::move(*head));
  }
  exchange->answer_on(exchange->context().walks,
                      [exchange, wanted = std::move(wanted)] { return verify_logs(exchange->services(), wanted); });
}

void audit_head(const ExchangePtr& exchange, ipc::AuditHead&) {
  exchange->answer_on(exchange->services().store_thread, [exchange]() -> base::Result<Answer> {
    auto head = exchange->services().audit.log().keep_head();
    if (!head) return base::pass(head);
    return Answer{{}, ledger::to_json(*head)};
  });
}

}  // namespace sallyport::broker::api
