// SPDX-License-Identifier: Apache-2.0
// target scan: which host keys a target proves, beside those that are on record. Pinning is an apply like any other.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker/access/policy_state.h"
#include "broker/api/handlers.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

// A line of host_keys as it was applied, and its key.
struct Recorded {
  std::string line;
  keys::PublicKey key;
};

std::vector<Recorded> keys_on_record(const policy::Target& target) {
  std::vector<Recorded> out;
  for (const std::string& line : target.host_keys) {
    if (auto key = keys::PublicKey::parse_line(line)) out.push_back({line, std::move(*key)});
  }
  return out;
}

// "changed": other keys of this type are on record, so either the host was set up anew or this is not the host.
// `replaces` has their lines.
Json item_of(const keys::PublicKey& key, const std::vector<Recorded>& known) {
  Json others = Json::array();
  bool same = false;
  for (const Recorded& one : known) {
    if (one.key == key) same = true;
    if (one.key.type() == key.type()) others.push_back(one.line);
  }
  const char* state = same ? "known" : others.empty() ? "new" : "changed";
  return Json{{"type", key.type_name()},
              {"fingerprint", key.fingerprint()},
              {"line", key.line()},
              {"state", state},
              {"replaces", same ? Json::array() : others}};
}

Answer answer_of(const policy::Target& target, const HostScan& scan) {
  const auto known = keys_on_record(target);
  Answer out;
  for (const keys::PublicKey& key : scan.keys) out.add(item_of(key, known).dump());
  Json not_shown = Json::array();
  for (const Recorded& one : known) {
    if (std::find(scan.keys.begin(), scan.keys.end(), one.key) == scan.keys.end()) not_shown.push_back(one.line);
  }
  out.done = Json{{"target", target.name},
                  {"address", target.address()},
                  {"software", scan.software},
                  {"without", scan.without},
                  {"not_shown", not_shown}}
                 .dump(-1, ' ', false, Json::error_handler_t::replace);  // foreign text
  return out;
}

audit::Event audit_event(const Exchange& exchange, const policy::Target& target, const base::Result<HostScan>& scan) {
  audit::Event out = exchange.event("target.scan");
  out.fields = {{"target", target.name}, {"address", target.address()}};
  if (!scan) {
    out.fields.push_back({"problem", scan.message()});
    return out;
  }
  std::vector<std::string> shown;
  for (const keys::PublicKey& key : scan->keys) shown.push_back(std::string(key.type_name()) + " " + key.fingerprint());
  out.fields.push_back({"host_keys", std::move(shown)});
  return out;
}

}  // namespace

void target_scan(const ExchangePtr& exchange, ipc::TargetScan& asked) {
  const std::string name = asked.name();
  const auto state = exchange->services().policy.current();
  const policy::Target* found = state->resources.target(name);
  if (found == nullptr) return exchange->fail({base::Errc::not_found, "there is no target " + name});
  const policy::Target target = *found;
  if (target.protocol != policy::Protocol::ssh) {
    return exchange->fail(
        {base::Errc::unsupported,
         "the target " + name + " speaks " + policy::to_string(target.protocol) + ", which has no host keys"});
  }
  exchange->context().facts.scan_host(target, [exchange, target](base::Result<HostScan> scan) {
    const auto shared = std::make_shared<base::Result<HostScan>>(std::move(scan));
    auto event = audit_event(*exchange, target, *shared);
    exchange->services().audit.write(std::move(event), [exchange, target, shared](const base::Status& written) {
      exchange->post([target, shared, written](Exchange& e) {
        if (!written) return e.fail(written.error());
        *shared ? e.answer(answer_of(target, **shared)) : e.fail(shared->error());
      });
    });
  });
}

}  // namespace sallyport::broker::api
