// SPDX-License-Identifier: Apache-2.0
// Waiting, and looking.
#include "broker/node/resource_watch.h"

#include <chrono>

#include "base/log.h"
#include "broker/access/barred_users.h"
#include "broker/node/services.h"

namespace sallyport::broker {

namespace {
constexpr std::chrono::milliseconds kTurn{250};  // how long a stop may take
constexpr int kTurnsBetweenLooks = 12;
}  // namespace

ResourceWatch::ResourceWatch(std::unique_ptr<store::Notices> notices, std::function<void()> look)
    : notices_(std::move(notices)), look_(std::move(look)), thread_([this] { run(); }) {}

ResourceWatch::~ResourceWatch() {
  stopping_ = true;
  thread_.join();
}

void ResourceWatch::run() {
  for (int turns = 0; !stopping_; ++turns) {
    if (!notices_->wait(kTurn) && turns < kTurnsBetweenLooks) continue;
    turns = 0;
    look_();
  }
}

void take_over_changes(Services& services) {
  const auto before = services.policy.current();
  const auto revision = services.store.resources_revision();
  if (!revision) return;
  if (*revision == before->revision) {
    if (services.requests.owes_look()) end_what_was_ended_elsewhere(services);
    return;
  }
  if (auto loaded = services.policy.reload(services.store); !loaded) {
    return base::log_error("what another node changed is not in force here: " + loaded.message());
  }
  const auto now = services.policy.current();
  if (before->resources.targets != now->resources.targets || before->resources.accounts != now->resources.accounts) {
    services.target_logins.forget();
  }
  end_what_is_barred(services, "sallyport");
  end_what_was_ended_elsewhere(services);
}

}  // namespace sallyport::broker
