// SPDX-License-Identifier: Apache-2.0
// One worker thread and its queue.
#include "net/executor.h"

#include <pthread.h>
#include <sys/resource.h>

#include "base/log.h"

namespace sallyport::net {

namespace {
// A tenth of a processor that everybody wants. SCHED_IDLE would give it a three-hundredth: on a busy node, nobody could
// log in with a password.
constexpr int kNice = 10;
}  // namespace

Executor::Executor(std::string name, Priority priority)
    : thread_([this, name = std::move(name), priority] { work(name, priority); }) {}

Executor::~Executor() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::uint64_t Executor::post(std::function<void()> job) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    number = ++posted_;
  }
  wake_.notify_one();
  return number;
}

std::uint64_t Executor::posted() const {
  const std::lock_guard lock(mutex_);
  return posted_;
}

// What a job lets escape costs that job, and not every session of the process.
void Executor::run(const std::function<void()>& job) {
  try {
    job();
  } catch (const std::exception& e) {
    base::log_error(std::string("a job failed with an exception: ") + e.what());
  }
}

void Executor::work(const std::string& name, Priority priority) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  if (priority == Priority::idle) (void)::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux, of this thread
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    run(job);
  }
}

}  // namespace sallyport::net
