// SPDX-License-Identifier: Apache-2.0
// The queue of news.
#include "broker/node/notice_hook.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/text_time.h"

namespace sallyport::broker {

using Json = nlohmann::ordered_json;

NoticeHook::NoticeHook(net::Loop& loop, const base::Clock& clock, AuditSink& audit, std::string node,
                       HookProcess::Program program)
    : loop_(loop),
      clock_(clock),
      audit_(audit),
      node_(std::move(node)),
      program_(std::move(program)),
      report_timer_(loop) {}

NoticeHook::~NoticeHook() {
  *alive_ = false;
}

void NoticeHook::tell(const std::string& kind, const std::string& object) {
  if (!listens()) return;
  const Json told = Json::parse(object, nullptr, false);
  Json out{{"kind", kind}, {"node", node_}, {"time", base::to_rfc3339(clock_.now_us())}};
  out[kind.substr(0, kind.find('.'))] = told.is_discarded() ? Json(nullptr) : told;
  const auto news = std::make_shared<News>(News{kind, out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"});
  if (posted_.fetch_add(1) >= kMostWaiting) {
    posted_.fetch_sub(1);
    news->text.clear();  // the loop only counts it
    loop_.post([this, alive = alive_, news] {
      if (*alive) failed(news->kind, "too many notices wait");
    });
    return;
  }
  loop_.post([this, alive = alive_, news] {
    if (!*alive) return;
    posted_.fetch_sub(1);
    take(std::move(*news));
  });
}

void NoticeHook::take(News news) {
  if (waiting_.size() >= kMostWaiting) return failed(news.kind, "too many notices wait");
  waiting_.push_back(std::move(news));
  run_more();
}

void NoticeHook::run_more() {
  while (!waiting_.empty() && running_.size() < kMostRunning) {
    const News news = std::move(waiting_.front());
    waiting_.pop_front();
    const std::uint64_t number = ++started_;
    auto process =
        HookProcess::start(loop_, program_, news.text,
                           [this, number, kind = news.kind](const std::string& fault) { ended(number, kind, fault); });
    if (!process) {
      failed(news.kind, process.message());
      continue;
    }
    running_.emplace_back(number, std::move(*process));
  }
}

void NoticeHook::ended(std::uint64_t number, const std::string& kind, const std::string& fault) {
  // Later: its own call is under way.
  loop_.post([this, alive = alive_, number] {
    if (!*alive) return;
    std::erase_if(running_, [&](const auto& one) { return one.first == number; });
    run_more();
  });
  if (!fault.empty()) failed(kind, fault);
}

void NoticeHook::failed(const std::string& kind, const std::string& fault) {
  ++failures_;
  last_kind_ = kind;
  last_fault_ = fault;
  const base::Micros now = clock_.monotonic_us();
  if (told_us_ == 0 || now - told_us_ >= kTellPeriodUs) return report();
  if (failures_ == 1) report_timer_.after_us(told_us_ + kTellPeriodUs - now, [this] { report(); });
}

void NoticeHook::report() {
  if (failures_ == 0) return;
  told_us_ = clock_.monotonic_us();
  base::log_warning("the notify command failed " + std::to_string(failures_) + " times, the last time for " +
                    last_kind_ + ": " + last_fault_);
  audit_.write(
      {"notify.failure", "sallyport", "", {{"kind", last_kind_}, {"reason", last_fault_}, {"failures", failures_}}});
  failures_ = 0;
}

}  // namespace sallyport::broker
