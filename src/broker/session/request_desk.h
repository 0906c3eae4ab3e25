// SPDX-License-Identifier: Apache-2.0
// The requests for access as one session asks for them: answers come to its loop. Trusted side.
#pragma once

#include <memory>
#include <string>

#include "broker/node/services.h"
#include "broker/session/approval_wait.h"
#include "net/loop.h"

namespace sallyport::broker {

class RequestDesk final : public ApprovalDesk {
 public:
  RequestDesk(Services& services, net::Loop& loop) : services_(services), loop_(loop) {}
  ~RequestDesk() override { forget(); }

  void claim(AccessRequests::Claim claim, Claimed done) override;
  void create(RequestDraft draft, Made done) override;
  void look(const std::string& id, Made done) override;
  void watch(const std::string& id, std::function<void()> changed) override;
  void forget() override;
  bool was_ended(const std::string& id) const override { return services_.requests.was_ended(id); }

 private:
  /// Calls back on the loop, unless it was forgotten by then.
  template <class T>
  std::function<void(T)> on_loop(std::function<void(T)> done);

  Services& services_;
  net::Loop& loop_;
  std::unique_ptr<AccessRequests::Watch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // touched on the loop alone
};

}  // namespace sallyport::broker
