// SPDX-License-Identifier: Apache-2.0
// For tests: what somebody would have been told.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "broker/node/notice_sink.h"

namespace sallyport::broker {

class HeardNotices final : public NoticeSink {
 public:
  void tell(const std::string& kind, const std::string& object) override {
    const std::lock_guard lock(mutex_);
    heard_.emplace_back(kind, object);
  }
  bool listens() const override { return true; }
  std::vector<std::pair<std::string, std::string>> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> heard_;
};

}  // namespace sallyport::broker
