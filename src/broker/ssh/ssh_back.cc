// SPDX-License-Identifier: Apache-2.0
// The login, step by step.
#include "broker/ssh/ssh_back.h"

#include "broker/ssh/identification.h"
#include "broker/ssh/legacy.h"
#include "broker/ssh/login_failure.h"
#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {

SshBack::SshBack(BackWiring wiring)
    : services_(wiring.services),
      owner_(wiring.owner),
      opening_(wiring.opening),
      target_(wiring.target),
      account_(wiring.account),
      bulk_hash_(wiring.grant.record.bulk_hash),
      session_(wiring.session),
      login_(std::make_unique<TargetLogin>(
          TargetLogin::Facts{wiring.session, wiring.user, account_, target_, services_.config.egress_address,
                             wiring.grant.permissions},
          std::move(wiring.secret), services_.vault.user_ca(), services_.clock, services_.random)),
      link_(services_.clock, wiring.thread, std::move(wiring.worker), *this, target_, kSshVersion) {}

void SshBack::start() {
  ipc::BackStart start;
  start.set_client_version(kSshVersion);
  for (const std::string& name : host_key_algorithms(target_)) start.add_host_key_algorithms(name);
  const config::Ssh& ssh = services_.config.ssh;
  for (const std::string& name : ssh.kex) start.mutable_algorithms()->add_kex(name);
  for (const std::string& name : ssh.ciphers) start.mutable_algorithms()->add_ciphers(name);
  for (const std::string& name : ssh.macs) start.mutable_algorithms()->add_macs(name);
  offer_legacy(target_.legacy, *start.mutable_algorithms());
  start.set_rekey_bytes(ssh.rekey_bytes);
  start.set_rekey_seconds(ssh.rekey_seconds);
  start.set_bulk_hash(bulk_hash_);
  start.set_keepalive_seconds(ssh.keepalive_seconds);
  link_.start(start);
}

void SshBack::set_live() {
  login_.reset();
  link_.set_live();
}

std::string SshBack::failure_text() const {
  return target_fault_text(target_.name, link_.peer_fault(), link_.peer_said());
}

std::string SshBack::timeout_text() const {
  return login_timeout_text(target_.name, link_.host() ? LoginStage::authentication : LoginStage::handshake);
}

void SshBack::back_host_refused(const base::Error& why) {
  services_.audit.write(
      {"target.host_key_refused", "sallyport", session_, {{"target", target_.name}, {"reason", why.message}}});
  opening_.back_refused("The target '" + target_.name + "' did not prove its identity: " + why.message +
                            "\nNo credential was used. Session " + session_ + ".",
                        "host key refused");
}

void SshBack::back_login_wanted(ipc::LoginWanted& wanted) {
  if (!opening_.back_may_log_in()) return;
  ipc::BrokerToBack answer;
  if (auto step = login_->step(wanted, *link_.host(), *answer.mutable_login_step()); !step) {
    return opening_.back_refused("The gateway could not log in to '" + target_.name + "'.",
                                 "login failed: " + step.message());
  }
  opening_.back_used_secret();
  link_.send(answer);
  std::string& request = *answer.mutable_login_step()->mutable_userauth_request();
  base::wipe(request.data(), request.size());
}

void SshBack::back_login_prompts(ipc::LoginPrompts& prompts) {
  if (!opening_.back_may_log_in()) return;
  ipc::BrokerToBack answer;
  login_->answer(prompts, *answer.mutable_login_answers());
  link_.send(answer);
  for (std::string& one : *answer.mutable_login_answers()->mutable_answers()) base::wipe(one.data(), one.size());
}

void SshBack::back_login_done(ipc::LoginDone& done) {
  login_->forget();
  LoginFacts facts;
  facts.accepted = done.ok();
  facts.method = policy::to_string(account_.login);
  facts.login_name = account_.login_name;
  facts.identity = link_.host()->fingerprint;
  facts.secret_crossed = login_->secret_crossed();
  facts.software = done.target_software();
  facts.banner = done.banner();
  facts.legacy = link_.host()->legacy;
  opening_.back_logged_in(facts);
}

void SshBack::send_credit(const ipc::Credit& credit) {
  ipc::BrokerToBack message;
  *message.mutable_credit() = credit;
  link_.send(message);
}

void SshBack::send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) {
  ipc::BrokerToBack message;
  *message.mutable_bulk_start() = start;
  link_.send(message, fds);
}

void SshBack::recorded(std::uint64_t up_to) {
  ipc::BrokerToBack message;
  message.mutable_recorded()->set_up_to(up_to);
  link_.send(message);
}

void SshBack::terminate() {
  ipc::BrokerToBack message;
  message.mutable_terminate();
  link_.send(message);
}

}  // namespace sallyport::broker
