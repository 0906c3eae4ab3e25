// SPDX-License-Identifier: Apache-2.0
// Replies as messages.
#include "broker/admin_socket/socket_sink.h"

#include <utility>

#include "base/escape.h"
#include "ipc/admin.pb.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker::admin_socket {

SocketSink::SocketSink(std::weak_ptr<Connection> connection, std::uint64_t id, std::function<void()> on_ended)
    : connection_(std::move(connection)), id_(id), on_ended_(std::move(on_ended)) {}

bool SocketSink::open() const {
  const auto connection = connection_.lock();
  return connection && connection->open();
}

bool SocketSink::ready() const {
  const auto connection = connection_.lock();
  return connection && connection->open() && connection->drained();
}

void SocketSink::when_ready(std::function<void()> callback) {
  const auto connection = connection_.lock();
  callback_ = std::move(callback);
  if (!connection || std::exchange(waiting_, true)) return;
  connection->when_drained([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->waiting_ = false;
    if (const auto ready = std::exchange(self->callback_, nullptr)) ready();
  });
}

base::Status SocketSink::send(ipc::AdminReply& reply, std::vector<base::Fd> fds) {
  const auto connection = connection_.lock();
  if (!connection) return {};
  reply.set_id(id_);
  const std::size_t size = reply.ByteSizeLong();
  if (size > ipc::kMaxMessageBytes) {
    return base::fail(base::Errc::full, "an answer is longer than a message can be");
  }
  base::SecretBytes message(size);
  reply.SerializeToArray(message.data(), static_cast<int>(size));
  connection->send(std::move(message), std::move(fds));
  return {};
}

base::Status SocketSink::item(const api::Item& item) {
  ipc::AdminReply reply;
  reply.mutable_item()->set_json(item.json);
  reply.mutable_item()->set_version(item.version);
  return send(reply);
}

base::Status SocketSink::watch_event(const ipc::WatchEvent& event) {
  ipc::AdminReply reply;
  *reply.mutable_watch_event() = event;
  return send(reply);
}

base::Status SocketSink::recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) {
  ipc::AdminReply reply;
  ipc::RecordingHandle& copy = *reply.mutable_recording();
  copy = handle;
  auto sent = send(reply, std::move(fds));
  base::wipe(copy.mutable_session_key()->data(), copy.session_key().size());
  base::wipe(copy.mutable_input_key()->data(), copy.input_key().size());
  return sent;
}

base::Status SocketSink::done(const std::string& json) {
  ipc::AdminReply reply;
  reply.mutable_done()->set_json(json);
  auto sent = send(reply);
  if (sent) end();
  return sent;
}

void SocketSink::fail(const base::Error& error) {
  ipc::AdminReply reply;
  reply.mutable_failure()->set_code(base::to_string(error.code));
  reply.mutable_failure()->set_message(base::cut_utf8(error.message, 16 * 1024));
  if (auto sent = send(reply); sent) end();
}

void SocketSink::end() {
  callback_ = nullptr;
  if (const auto ended = std::exchange(on_ended_, nullptr)) ended();
}

}  // namespace sallyport::broker::admin_socket
