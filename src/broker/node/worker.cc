// SPDX-License-Identifier: Apache-2.0
// Messages to and from one worker.
#include "broker/node/worker.h"

#include <fcntl.h>
#include <google/protobuf/message_lite.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/log.h"
#include "broker/node/queue_cost.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker {

using base::Fd;

Worker::Worker(SessionThread& thread, SpawnedWorker spawned)
    : thread_(thread), spawned_(std::move(spawned)), watch_(thread.loop(), spawned_.socket.get()) {}

Worker::~Worker() {
  *alive_ = false;
}

void Worker::start(Events events) {
  events_ = std::move(events);
  watch_.on_readable([this] { on_readable(); });
  watch_.on_writable([this] { on_writable(); });
  watch_.enable_read(!held_);
}

void Worker::on_readable() {
  // A bounded burst, so that sessions of one loop take turns.
  const auto alive = alive_;
  for (int i = 0; i < 16 && *alive && !held_ && !finished_ && !killed_; ++i) {
    const std::span<std::uint8_t> buffer = thread_.receive_buffer();
    auto got = ipc::receive(spawned_.socket.get(), buffer);
    if (!got) return kill("bad message: " + got.message());
    if (got->transfer == ipc::Transfer::would_block) return;
    if (got->transfer == ipc::Transfer::closed) return finish(fault_of_exit());
    const auto kind = static_cast<ipc::MessageKind>(buffer[0]);
    deliver(kind, base::ByteView(buffer.data() + 1, got->bytes - 1));
    // A try to log in may hold a password. The buffer is the thread's: it outlives the worker.
    if (kind == ipc::MessageKind::control) base::wipe(buffer.data(), got->bytes);
  }
}

void Worker::deliver(ipc::MessageKind kind, base::ByteView payload) {
  if (kind == ipc::MessageKind::control) return events_.message(kind, payload);
  if (kind != ipc::MessageKind::event && kind != ipc::MessageKind::event_part) return kill("unknown kind of message");
  auto event = joiner_.take(kind, payload);
  if (!event) return kill(event.message());
  if (*event) events_.message(ipc::MessageKind::event, **event);
}

// Its socket is closed, so it is ending, or must: how did it? A signal that we did not send is a refused system call or
// a crash. SIGKILL is ours or an administrator's.
std::string Worker::fault_of_exit() {
  (void)ipc::kill_now(*spawned_.pidfd);
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(spawned_.pidfd->get()), &info, WEXITED) < 0) {
    if (errno != EINTR) return "";
  }
  const bool by_signal = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  if (!by_signal || info.si_status == SIGKILL) return "";
  return "killed by signal " + std::to_string(info.si_status) +
         (info.si_status == SIGSYS ? " (a refused system call)" : "");
}

void Worker::send_event(base::ByteView event) {
  ipc::send_in_parts(event, scratch_, [this](base::Bytes& message) { send(message, {}); });
}

void Worker::send_control(const google::protobuf::MessageLite& message, std::span<const int> fds) {
  const std::size_t size = message.ByteSizeLong();
  base::Bytes bytes(size + 1);
  bytes[0] = static_cast<std::uint8_t>(ipc::MessageKind::control);
  message.SerializeWithCachedSizesToArray(bytes.data() + 1);
  send(bytes, fds);
  base::wipe(bytes.data(), bytes.size());  // a login step may hold a password
}

void Worker::send(base::Bytes& scratch, std::span<const int> fds) {
  if (finished_) return;
  if (queue_.empty()) {
    auto sent = fds.empty() ? ipc::send(spawned_.socket.get(), scratch)
                            : ipc::send_with_fds(spawned_.socket.get(), scratch, fds);
    if (!sent) return kill("cannot send: " + sent.message());
    if (*sent == ipc::Transfer::done) return;
    if (*sent == ipc::Transfer::closed) return;  // the end is read in its turn, after what it still said
  }
  Queued queued{base::SecretBytes(scratch), {}};
  for (const int fd : fds) queued.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  queued_bytes_ += queue_cost(queued.bytes.size());
  queue_.push_back(std::move(queued));
  if (queued_bytes_ > kFatalQueueBytes) return kill("it does not read");
  watch_.enable_write(true);
}

void Worker::on_writable() {
  const bool was_congested = congested();
  while (!queue_.empty()) {
    Queued& next = queue_.front();
    std::vector<int> fds;
    for (const Fd& fd : next.fds) fds.push_back(fd.get());
    auto sent = fds.empty() ? ipc::send(spawned_.socket.get(), next.bytes.view())
                            : ipc::send_with_fds(spawned_.socket.get(), next.bytes.view(), fds);
    if (!sent) return kill("cannot send: " + sent.message());
    if (*sent == ipc::Transfer::would_block) break;
    queued_bytes_ -= queue_cost(next.bytes.size());
    queue_.pop_front();
  }
  if (queue_.empty()) watch_.enable_write(false);
  if (was_congested && !congested() && events_.drained) events_.drained();
}

void Worker::hold_reading(bool hold) {
  if (held_ == hold) return;
  held_ = hold;
  if (!finished_ && !killed_) watch_.enable_read(!hold);
}

void Worker::kill(const std::string& fault) {
  if (killed_) return;
  killed_ = true;
  watch_.enable_read(false);
  (void)ipc::kill_now(*spawned_.pidfd);
  // Not from inside the caller's call: it may be one of our own handlers.
  thread_.loop().post([this, alive = alive_, fault] {
    if (*alive) finish(fault);
  });
}

void Worker::finish(const std::string& fault) {
  if (finished_) return;
  finished_ = true;
  watch_.enable_read(false);
  watch_.enable_write(false);
  const auto ended = events_.ended;
  ended(fault);
}

}  // namespace sallyport::broker
