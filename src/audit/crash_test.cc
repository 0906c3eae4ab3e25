// SPDX-License-Identifier: Apache-2.0
// An event that append() reported is there after kill -9 at any moment, and the chain holds.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "audit/audit_fixture_test.h"
#include "audit/verify.h"

namespace sallyport::audit {
namespace {

[[noreturn]] void append_until_killed(const store::Options& options, Signer signer, int out) {
  auto store = store::Store::open(options);
  base::SystemClock clock;
  base::SystemRandom random;
  if (!store) _exit(1);
  auto log = Log::open(**store, clock, random, std::move(signer));
  if (!log) _exit(1);
  for (;;) {
    const auto entry = (*log)->append({"x", "child", "", {{"filler", std::string(700, 'f')}}});
    if (!entry || write(out, &entry->seq, sizeof entry->seq) != sizeof entry->seq) _exit(1);
  }
}

TEST_P(AuditTest, WhatWasReportedSurvivesKill9) {
  std::int64_t reported = 0;
  for (int round = 0; round < 15; ++round) {
    log_.reset();
    store_.reset();
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      append_until_killed(database_.options(), signer(), ends[1]);
    }
    close(ends[1]);
    std::int64_t seq = 0;
    // A different number of reports each round, so that the kill falls at different points of a transaction.
    for (int i = 0; i < 3 + round * 2 && read(ends[0], &seq, sizeof seq) == sizeof seq; ++i) reported = seq;
    kill(child, SIGKILL);
    while (read(ends[0], &seq, sizeof seq) == sizeof seq) reported = seq;
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    reopen();
    const Verdict v = *verify(*store_);
    EXPECT_TRUE(v.ok) << v.problem;
    EXPECT_EQ(v.signed_seq, v.events);
    EXPECT_GE(v.events, reported);
    EXPECT_LE(v.events, reported + 1);
  }
  EXPECT_GT(reported, 100);
}

}  // namespace
}  // namespace sallyport::audit
