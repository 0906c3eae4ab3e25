// SPDX-License-Identifier: Apache-2.0
// For tests: the requests for access, which answer when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "broker/session/approval_wait.h"

namespace sallyport::broker {

class FakeDesk final : public ApprovalDesk {
 public:
  void claim(AccessRequests::Claim claim, Claimed done) override {
    claims.push_back(std::move(claim));
    on_claim = std::move(done);
  }
  void create(RequestDraft draft, Made done) override {
    drafts.push_back(std::move(draft));
    on_create = std::move(done);
  }
  void look(const std::string& id, Made done) override {
    looks.push_back(id);
    on_look = std::move(done);
  }
  void watch(const std::string& id, std::function<void()> changed) override {
    watched = id;
    on_change = std::move(changed);
  }
  void forget() override { forgotten = true; }
  bool was_ended(const std::string& id) const override { return id == ended; }

  template <class F, class... Args>
  static void answer(F& function, Args... args) {
    ASSERT_TRUE(function) << "nobody asked";
    std::exchange(function, nullptr)(std::move(args)...);
  }

  std::vector<AccessRequests::Claim> claims;
  std::vector<RequestDraft> drafts;
  std::vector<std::string> looks;
  std::string watched, ended;
  bool forgotten = false;
  Claimed on_claim;
  Made on_create, on_look;
  std::function<void()> on_change;
};

}  // namespace sallyport::broker
