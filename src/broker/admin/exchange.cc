// SPDX-License-Identifier: Apache-2.0
// Answers on their way to a client.
#include "broker/admin/exchange.h"

#include "base/escape.h"
#include "base/log.h"
#include "ipc/admin.pb.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker::admin {

Exchange::Exchange(std::shared_ptr<const Context> context, std::weak_ptr<Connection> connection, Peer peer)
    : context_(std::move(context)), connection_(std::move(connection)), peer_(std::move(peer)) {}

std::shared_ptr<Connection> Exchange::connection() const {
  auto connection = connection_.lock();
  return connection && connection->open() ? connection : nullptr;
}

void Exchange::send(const ipc::AdminReply& reply, std::vector<base::Fd> fds) {
  const auto connection = this->connection();
  if (!connection || finished_) return;
  const std::size_t size = reply.ByteSizeLong();
  if (size > ipc::kMaxMessageBytes) {
    return fail({base::Errc::full, "an answer is longer than a message can be"});
  }
  finished_ = reply.kind_case() == ipc::AdminReply::kDone || reply.kind_case() == ipc::AdminReply::kFailure;
  if (finished_) connection->on_drained(nullptr);  // whoever asked for it may go with the next request
  base::SecretBytes message(size);
  reply.SerializeToArray(message.data(), static_cast<int>(size));
  connection->send(std::move(message), std::move(fds));
}

void Exchange::item(const std::string& json) {
  ipc::AdminReply reply;
  reply.mutable_item()->set_json(json);
  send(reply);
}

void Exchange::done(const std::string& json) {
  ipc::AdminReply reply;
  reply.mutable_done()->set_json(json);
  send(reply);
}

void Exchange::fail(const base::Error& error) {
  ipc::AdminReply reply;
  reply.mutable_failure()->set_code(base::to_string(error.code));
  reply.mutable_failure()->set_message(base::cut_utf8(error.message, 16 * 1024));
  send(reply);
}

void Exchange::answer(base::Result<Answer> answer) {
  if (!answer) return fail(answer.error());
  for (const std::string& json : answer->items) item(json);
  done(answer->done);
}

void Exchange::abandon() {
  connection_.reset();
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
  out.actor = peer_.actor;
  out.session = std::move(session);
  return out;
}

void Exchange::post(std::function<void(Exchange&)> work) {
  services().main_loop.post([self = shared_from_this(), work = std::move(work)] {
    if (self->connection()) work(*self);
  });
}

}  // namespace sallyport::broker::admin
