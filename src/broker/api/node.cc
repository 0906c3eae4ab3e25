// SPDX-License-Identifier: Apache-2.0
// status: a question that changes nothing.
#include <sys/statvfs.h>

#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/api/handlers.h"
#include "broker/node/descriptor_budget.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

Json status_of(const Context& context) {
  const Services& services = context.services;
  struct statvfs space {};
  const bool have_space = ::statvfs(services.config.recording.dir.c_str(), &space) == 0;
  Json out;
  out["node"] = services.config.node;
  out["version"] = context.facts.version;
  out["started_at"] = base::to_rfc3339(context.facts.started_at_us);
  out["ssh"] = context.facts.ssh_address;
  out["sessions"] = services.sessions.size();
  out["max_sessions"] = services.sessions.limit();
  out["max_open_files"] = descriptor_limit();
  out["data_dir"] = services.config.data_dir;
  out["store"] = services.config.store == "sqlite" ? "sqlite" : "postgresql";  // a URL may hold a password
  out["audit_waiting"] = services.audit.waiting();
  out["recordings"] = services.config.recording.dir;
  out["recordings_free_bytes"] =
      have_space ? Json(static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize) : Json(nullptr);
  out["recording_mode"] = services.config.recording.write_only ? "write-only" : "readable";
  out["host_key"] = services.vault.host_key_ed25519().public_key().fingerprint();
  out["node_key"] = base::to_base64(services.vault.node_public_key());
  return out;
}

}  // namespace

void node_status(const ExchangePtr& exchange, ipc::NodeStatus&) {
  // statvfs() waits for a stalled disk: not on this loop.
  exchange->answer_on(exchange->context().files, [exchange]() -> base::Result<Answer> {
    return Answer{{}, status_of(exchange->context()).dump(-1, ' ', false, Json::error_handler_t::replace)};
  });
}

}  // namespace sallyport::broker::api
