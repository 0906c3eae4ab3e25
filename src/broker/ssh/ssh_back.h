// SPDX-License-Identifier: Apache-2.0
// The target side of a session whose target speaks SSH: the host's proof, the login, the worker. Trusted side, on a
// session loop. The one place where a session's secret meets SSH.
#pragma once

#include <memory>
#include <string>

#include "broker/session/protocol.h"
#include "broker/ssh/back_link.h"
#include "broker/ssh/target_login.h"

namespace sallyport::broker {

class SshBack : public BackSide, private BackOwner {
 public:
  explicit SshBack(BackWiring wiring);

  void start() override;
  void set_live() override;
  std::string failure_text() const override;
  std::string timeout_text() const override;
  void send_event(base::ByteView event) override { link_.send_event(event); }
  void send_credit(const ipc::Credit& credit) override;
  void send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) override;
  void recorded(std::uint64_t up_to) override;
  void terminate() override;
  void hold_reading(bool hold) override { link_.hold_reading(hold); }
  bool congested() const override { return link_.congested(); }
  void kill(const std::string& fault) override { link_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const override { return link_.pidfd(); }
  pid_t pid() const override { return link_.pid(); }

 private:
  void back_host_refused(const base::Error& why) override;
  void back_login_wanted(ipc::LoginWanted& wanted) override;
  void back_login_prompts(ipc::LoginPrompts& prompts) override;
  void back_login_done(ipc::LoginDone& done) override;
  void back_credit(ipc::Credit& credit) override { owner_.back_credit(credit); }
  void back_event(base::ByteView event) override { owner_.back_event(event); }
  void back_drained() override { owner_.back_drained(); }
  void back_ended(const std::string& reason, bool clean, const std::string& fault) override {
    owner_.back_ended(reason, clean, fault);
  }

  Services& services_;
  Owner& owner_;
  Opening& opening_;
  const policy::Target target_;
  const policy::Account account_;
  const bool bulk_hash_;
  const std::string session_;
  std::unique_ptr<TargetLogin> login_;  // until it is live
  BackLink link_;
};

}  // namespace sallyport::broker
