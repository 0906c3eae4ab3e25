// SPDX-License-Identifier: Apache-2.0
// Every kind of failure has a sentence of its own, which names the target and no address.
#include "broker/ssh/login_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;

TEST(LoginFailure, EachFaultHasASentenceOfItsOwn) {
  std::set<std::string> all;
  for (int fault = 0; fault <= ipc::PeerFault_MAX; ++fault) {
    const std::string text = target_fault_text("web1", static_cast<ipc::PeerFault>(fault), "Not allowed");
    EXPECT_THAT(text, HasSubstr("'web1'"));
    EXPECT_TRUE(text.ends_with('.')) << text;
    EXPECT_TRUE(all.insert(text).second) << text;
  }
  EXPECT_THAT(target_fault_text("web1", ipc::PEER_FAULT_OTHER_WORDS, "Not allowed"),
              HasSubstr("said: \"Not allowed\"."));
  EXPECT_THAT(target_fault_text("web1", ipc::PEER_FAULT_DISCONNECTED, ""), HasSubstr("during the login."));
}

}  // namespace
}  // namespace sallyport::broker
