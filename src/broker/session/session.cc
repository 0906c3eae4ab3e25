// SPDX-License-Identifier: Apache-2.0
// The wiring of a session.
#include "broker/session/session.h"

#include <utility>

#include "base/id.h"
#include "broker/session/inspector_link.h"

namespace sallyport::broker {

Session::Session(Gateway& gateway, SessionThread& thread, FrontSide& front, PasswordCheck& passwords,
                 SessionFacts facts, std::function<void()> over)
    : services_(gateway.services),
      thread_(thread),
      over_(std::move(over)),
      parts_(base::make_id(services_.clock.now_us(), services_.random), std::move(facts), front),
      notes_(parts_, services_.config.node, services_.audit, services_.user_audit),
      placement_(thread.home(), services_.clock),
      inspector_(
          thread.loop(),
          [this, &inspectors = gateway.inspectors](SessionInspector::Opened opened) {
            spawner_.spawn(inspectors, {}, [&thread = thread_, opened](base::Result<SpawnedWorker> spawned) {
              if (!spawned) return opened(base::pass(spawned));
              opened(std::make_unique<InspectorLink>(thread, std::move(*spawned)));
            });
          },
          [this](const std::string& reason, const std::string& fault) { inspector_gone(reason, fault); }),
      store_(services_, thread.loop(), parts_.id, parts_.facts.identity.user),
      records_(gateway, thread.loop(),
               {[this] {
                  live_.relay().go_on();
                  inspector_.go_on();
                },
                [this](const std::string& why) {
                  ending_.end("recording stopped: " + why, "Recording stopped, so this session ends.");
                }}),
      dialer_(services_, thread.loop()),
      spawner_(thread.loop()),
      opening_alarm_(thread.loop()),
      approval_alarm_(thread.loop()),
      supervisor_alarm_(thread.loop()),
      ending_alarm_(thread.loop()),
      requests_(services_, thread.loop()),
      live_(parts_, {services_.clock, services_.policy, thread.loop(), notes_, ending_, placement_, inspector_,
                     passwords, services_.config.limits.auth_tries, services_.held, supervisor_alarm_}),
      ending_(*this, parts_, {services_.clock, ending_alarm_, notes_, store_, live_.relay().book()}),
      opening_(*this, parts_,
               {services_.config, services_.clock, services_.policy, gateway.protocols, services_.openings,
                services_.target_logins, services_.sessions, gateway.descriptors, gateway.descriptors_kept,
                services_.recording_key(), opening_alarm_, notes_, store_, records_, dialer_, spawner_, requests_,
                approval_alarm_}) {}

Session::~Session() = default;

void Session::record_made() {
  parts_.journal.emplace(*parts_.record, services_.clock, parts_.handle->feed(), services_.screens,
                         parts_.facts.identity.user, [this] { inspector_.want_keyframes(); });
}

std::unique_ptr<BackSide> Session::make_back(const Protocol& protocol, SpawnedWorker worker, AccountSecret secret) {
  auto back = protocol.make_back({services_, thread_, *this, opening_, std::move(worker), parts_.target, parts_.account,
                                  parts_.grant, std::move(secret), parts_.id, parts_.facts.identity.user});
  placement_.add(parts_.front->pid());
  placement_.add(back->pid());
  return back;
}

void Session::opened(const std::string& banner) {
  ending_.went_live();
  parts_.back->set_live();
  parts_.handle->went_live();
  const config::TargetBanner shown = services_.config.ssh.target_banner;
  TargetGreeting greeting;
  if (shown != config::TargetBanner::record) greeting.text = banner;
  if (shown == config::TargetBanner::terminals) greeting.shown = TargetGreeting::Shown::on_terminals;
  live_.begin(std::move(greeting));
}

Session::Gate Session::gate() const {
  if (!parts_.handle) return Gate::open;
  if (parts_.handle->gate_shut()) return Gate::shut;
  return parts_.handle->supervision().rules().empty() ? Gate::open : Gate::supervised;
}

void Session::front_gone(const std::string& reason, const std::string& fault) {
  live_.front_gone();
  inspector_.front_gone();
  placement_.forget();
  ending_.front_gone(reason, fault);
}

void Session::back_ended(const std::string& reason, bool clean, const std::string& fault) {
  placement_.forget();
  if (fault.empty()) opening_.back_ended();
  ending_.back_gone(reason, clean, fault);
}

void Session::stop_parts() {
  opening_.stop();
  live_.stop();
}

// The session goes on, recorded: screens help its readers, and no policy needs its content understood.
void Session::inspector_gone(const std::string& reason, const std::string& fault) {
  if (!fault.empty()) notes_.worker_fault("inspector", fault);
  notes_.inspector_gone(reason);
}

// What calls it must not be destroyed under itself.
void Session::over() {
  if (auto over = std::exchange(over_, nullptr)) {
    thread_.loop().post([over = std::move(over), keep = shared_from_this()] { over(); });
  }
}

}  // namespace sallyport::broker
