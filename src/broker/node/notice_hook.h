// SPDX-License-Identifier: Apache-2.0
// Tells people of requests and changes by a program that the node's administrator configured. Trusted side. Whoever has
// news never waits: a bounded queue takes it, and what does not fit is counted and audited.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "broker/node/audit_sink.h"
#include "broker/node/hook_process.h"
#include "broker/node/notice_sink.h"
#include "net/loop.h"

namespace sallyport::broker {

class NoticeHook final : public NoticeSink {
 public:
  static constexpr std::size_t kMostWaiting = 1000;
  static constexpr std::size_t kMostRunning = 2;
  /// Failures are told at most this often, with their number.
  static constexpr base::Micros kTellPeriodUs = 60'000'000;

  /// An empty command: nobody is told. All of it outlives the hook; it goes on the loop's thread, or after the loop.
  NoticeHook(net::Loop& loop, const base::Clock& clock, AuditSink& audit, std::string node,
             HookProcess::Program program);
  ~NoticeHook() override;

  void tell(const std::string& kind, const std::string& object) override;
  bool listens() const override { return !program_.command.empty(); }

 private:
  struct News {
    std::string kind;
    std::string text;
  };
  void take(News news);
  void run_more();
  void ended(std::uint64_t number, const std::string& kind, const std::string& fault);
  void failed(const std::string& kind, const std::string& fault);
  void report();

  net::Loop& loop_;
  const base::Clock& clock_;
  AuditSink& audit_;
  const std::string node_;
  const HookProcess::Program program_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // touched on the loop alone
  std::atomic<std::size_t> posted_ = 0;                         // on their way to the loop
  std::deque<News> waiting_;
  std::vector<std::pair<std::uint64_t, std::unique_ptr<HookProcess>>> running_;
  std::uint64_t started_ = 0;
  std::int64_t failures_ = 0;  // not told yet
  std::string last_kind_, last_fault_;
  base::Micros told_us_ = 0;
  net::Timer report_timer_;
};

}  // namespace sallyport::broker
