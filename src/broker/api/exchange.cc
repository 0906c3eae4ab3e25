// SPDX-License-Identifier: Apache-2.0
// Answers on their way to a caller.
#include "broker/api/exchange.h"

#include "base/log.h"
#include "broker/api/operations.h"

namespace sallyport::broker::api {

namespace {

Scope scope_of(const Caller& caller, const Operation& operation) {
  return reaches_everything(caller, operation) ? Scope::everything : Scope::own;
}

}  // namespace

Exchange::Exchange(std::shared_ptr<const Context> context, Caller caller, const Operation& operation,
                   std::shared_ptr<ReplySink> sink)
    : context_(std::move(context)),
      caller_(std::move(caller)),
      operation_(operation),
      scope_(scope_of(caller_, operation)),
      sink_(std::move(sink)) {}

bool Exchange::refuse(const base::Error& error) {
  audit::Event denied = event("admin.denied");
  denied.fields = {{"operation", std::string(operation_.name)}};
  services().audit.write(std::move(denied));
  fail(error);
  return false;
}

bool Exchange::may_begin() {
  const auto allowed = check_access(caller_, operation_);
  return allowed ? true : refuse(allowed.error());
}

bool Exchange::may_go_on() {
  const auto state = services().policy.current();
  if (!caller_.renewed || judged_under_.lock() == state) return true;
  judged_under_ = state;
  Caller now = caller_.renewed(state->resources);
  if (now.user != caller_.user) {
    return refuse({base::Errc::denied, "'" + caller_.actor + "' is another user's account by now: ask again"});
  }
  if (const auto allowed = check_access(now, operation_); !allowed) return refuse(allowed.error());
  caller_ = std::move(now);
  scope_ = scope_of(caller_, operation_);
  return true;
}

void Exchange::when_ready(std::function<void(Exchange&)> work) {
  if (!open()) return;
  sink_->when_ready([weak = weak_from_this(), work = std::move(work)] {
    const auto self = weak.lock();
    if (self && self->open()) work(*self);
  });
}

void Exchange::check(const base::Status& sent) {
  if (!sent) fail(sent.error());
}

void Exchange::watch_event(const ipc::WatchEvent& event) {
  if (open()) check(sink_->watch_event(event));
}

void Exchange::recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) {
  if (open()) check(sink_->recording(handle, std::move(fds)));
}

void Exchange::pour(std::vector<Item> items, std::function<void(Exchange&)> then) {
  held_.assign(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  then_ = std::move(then);
  pour_more();
}

void Exchange::pour_more() {
  while (!held_.empty() && ready()) {
    const Item item = std::move(held_.front());
    held_.pop_front();
    check(sink_->item(item));
  }
  if (!held_.empty()) return when_ready([](Exchange& self) { self.pour_more(); });
  if (auto then = std::exchange(then_, nullptr); then && open()) then(*this);
}

void Exchange::done(const std::string& json) {
  if (!open()) return;
  const auto sent = sink_->done(json);
  if (!sent) return fail(sent.error());
  finished_ = true;
}

void Exchange::fail(const base::Error& error) {
  if (!open()) return;
  finished_ = true;
  held_.clear();
  sink_->fail(error);
}

void Exchange::answer(base::Result<Answer> answer) {
  if (!answer) return fail(answer.error());
  pour(std::move(answer->items), [json = std::move(answer->done)](Exchange& self) { self.done(json); });
}

void Exchange::abandon() {
  finished_ = true;
  held_.clear();
  then_ = nullptr;
  sink_.reset();
  activity_.reset();
}

void Exchange::run_on(net::Executor& executor, std::function<void(Exchange&)> work) {
  executor.post([self = shared_from_this(), work = std::move(work)] {
    try {
      work(*self);
    } catch (const std::exception& e) {
      base::log_error(std::string("a request failed with an exception: ") + e.what());
      self->post([](Exchange& exchange) {
        exchange.fail({base::Errc::internal, "the gateway failed at this request; its log says more"});
      });
    }
  });
}

void Exchange::read(std::function<void(Exchange&)> work) {
  services().store_thread.post(
      [self = shared_from_this(), work = std::move(work)] { self->run_on(self->services().reader_thread, work); });
}

void Exchange::answer_read(std::function<base::Result<Answer>(store::Store& reader)> work) {
  read([work = std::move(work)](Exchange& self) {
    auto result = std::make_shared<base::Result<Answer>>(work(self.services().reader));
    self.post([result](Exchange& exchange) { exchange.answer(std::move(*result)); });
  });
}

void Exchange::answer_on(net::Executor& executor, std::function<base::Result<Answer>()> work) {
  run_on(executor, [work = std::move(work)](Exchange& self) {
    auto result = std::make_shared<base::Result<Answer>>(work());
    self.post([result](Exchange& exchange) { exchange.answer(std::move(*result)); });
  });
}

audit::Event Exchange::event(std::string type, std::string session) const {
  audit::Event out;
  out.type = std::move(type);
  out.actor = caller_.actor;
  out.session = std::move(session);
  return out;
}

void Exchange::post(std::function<void(Exchange&)> work) {
  services().main_loop.post([self = shared_from_this(), work = std::move(work)] {
    if (self->open()) work(*self);
  });
}

}  // namespace sallyport::broker::api
