// SPDX-License-Identifier: Apache-2.0
// What a certificate is good for at the target.
#include "broker/ssh/target_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using policy::Permission;
using policy::Permissions;
using testing::Contains;
using testing::Not;
using testing::StrEq;
using testing::UnorderedElementsAre;

Permissions these(std::initializer_list<Permission> list) {
  Permissions out;
  for (const Permission one : list) out.add(one);
  return out;
}

TEST(CertificateExtensions, AreWhatTheGrantHas) {
  const auto of = [](std::initializer_list<Permission> list) {
    return TargetLogin::certificate_extensions(these(list));
  };
  EXPECT_THAT(of({Permission::sftp}), UnorderedElementsAre(StrEq("permit-user-rc")));
  EXPECT_THAT(of({Permission::shell}), UnorderedElementsAre(StrEq("permit-user-rc"), StrEq("permit-pty")));
  EXPECT_THAT(of({Permission::exec}), UnorderedElementsAre(StrEq("permit-user-rc"), StrEq("permit-pty")));
  EXPECT_THAT(of({Permission::forward_local}), Contains(StrEq("permit-port-forwarding")));
  EXPECT_THAT(of({Permission::forward_remote}), Contains(StrEq("permit-port-forwarding")));
  EXPECT_THAT(of({Permission::forward_agent}), Contains(StrEq("permit-agent-forwarding")));
  EXPECT_THAT(of({Permission::forward_x11}), Contains(StrEq("permit-X11-forwarding")));
  EXPECT_THAT(of({Permission::forward_x11}), Not(Contains(StrEq("permit-port-forwarding"))));
}

}  // namespace
}  // namespace sallyport::broker
