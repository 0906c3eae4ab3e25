// SPDX-License-Identifier: Apache-2.0
#include "broker/ssh/mosh_server.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

TEST(MoshServer, IsFoundInWhatItsClientAsksFor) {
  for (const char* command : {
           "mosh-server new -c 256 -s -l LANG=en_US.UTF-8",
           "mosh-server 'new' '-c' '256' '-s' '-l' 'LANG=en_US.UTF-8' '--' 'tmux' 'attach'",
           "sh -c '[ -n \"$SSH_CONNECTION\" ] && printf \"\\nMOSH SSH_CONNECTION %s\\n\" \"$SSH_CONNECTION\" ; exec "
           "mosh-server new -c 256 -s'",
           "/opt/bin/mosh-server new",
           "LANG=C mosh-server",
           "env LANG=C mosh-server",
           "sudo mosh-server new -p 60000",
           "cd /tmp; mosh-server",
           "(mosh-server)&",
           "mosh-server",
       }) {
    EXPECT_TRUE(starts_mosh_server(command)) << command;
  }
}

TEST(MoshServer, IsNotSeenWhereItIsOnlyNamed) {
  for (const char* command : {
           "",
           "id",
           "man mosh-server",
           "which mosh-server; echo new",
           "apt-get install mosh",
           "grep -r mosh-server /etc",
           "cat /var/log/mosh-server.log",
           "my-mosh-server new",
           "mosh-server.old new",
           "rsync --server -e.LsfxCIvu . mosh-server/new",
       }) {
    EXPECT_FALSE(starts_mosh_server(command)) << command;
  }
}

}  // namespace
}  // namespace sallyport::broker
