// SPDX-License-Identifier: Apache-2.0
// The gates are shut at once; the rest is each session's own.
#include "broker/access/barred_users.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"

namespace sallyport::broker {

namespace {
constexpr std::int64_t kPatienceUs = 500'000;

void kill_what_hangs(net::Loop& loop, std::vector<std::shared_ptr<SessionHandle>> sessions) {
  loop.post([&loop, sessions = std::move(sessions)] {
    const auto timer = std::make_shared<net::Timer>(loop);
    timer->after_us(kPatienceUs, [timer, sessions] {
      for (const auto& session : sessions) session->force_kill();
    });
  });
}
}  // namespace

std::size_t end_what_is_barred(Services& services, const std::string& actor) {
  services.logins.all_look_again();
  const auto state = services.policy.current();
  std::vector<std::shared_ptr<SessionHandle>> ended;
  for (const auto& session : services.sessions.all()) {
    const SessionInfo info = session->info();
    const std::string& user = info.user;
    if (state->is_same(user, info.user_incarnation)) {
      session->review_supervision(state->resources);
      session->review();
      continue;
    }
    session->control({ControlAction::terminate, actor, "'" + user + "' may not log in any more"}, [](base::Status) {});
    ended.push_back(session);
  }
  const std::size_t count = ended.size();
  if (count > 0) kill_what_hangs(services.main_loop, std::move(ended));
  return count;
}

void end_what_was_ended_elsewhere(Services& services) {
  std::set<std::string> live;
  for (const auto& session : services.sessions.all()) {
    if (SessionInfo info = session->info(); !info.request.empty()) live.insert(std::move(info.request));
  }
  auto ended = services.requests.ended_elsewhere(std::move(live));
  if (!ended) return base::log_error("whether approvals were ended on another node is not known: " + ended.message());
  for (const std::string& request : *ended) end_sessions_under(services, request, "sallyport");
}

std::size_t end_sessions_under(Services& services, const std::string& request, const std::string& actor,
                               const std::string& why) {
  std::vector<std::shared_ptr<SessionHandle>> ended;
  for (const auto& session : services.sessions.all()) {
    if (session->info().request != request) continue;
    session->control({ControlAction::terminate, actor, why}, [](base::Status) {});
    ended.push_back(session);
  }
  const std::size_t count = ended.size();
  if (count > 0) kill_what_hangs(services.main_loop, std::move(ended));
  return count;
}

}  // namespace sallyport::broker
