// SPDX-License-Identifier: Apache-2.0
// Starting zygotes, asking them for workers, replacing them.
#include "broker/node/zygotes.h"

#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <map>
#include <span>
#include <utility>

#include "base/log.h"
#include "ipc/seqpacket.h"
#include "ipc/zygote.pb.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Fd;

SpawnedWorker::~SpawnedWorker() {
  if (!pidfd) return;
  (void)ipc::kill_now(*pidfd);
  // Killed: the wait is a scheduling delay, not the worker's choice.
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd->get()), &info, WEXITED) < 0 &&
         errno == EINTR) {
  }
}

struct Zygotes::Zygote {
  // Its workers are the broker's children, not its own: they stay.
  ~Zygote() {
    watch.reset();
    (void)ipc::kill_now(process.pidfd);
    siginfo_t info{};
    ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process.pidfd.get()), &info, WEXITED);
  }

  ipc::ZygoteProcess process;
  std::unique_ptr<net::Watch> watch;
  bool ready = false;
  unsigned forks = 0;
  std::uint64_t next_number = 1;
  struct Asked {
    Fd socket;  // our end of the worker's socket
    std::function<void(base::Result<SpawnedWorker>)> done;
  };
  std::map<std::uint64_t, Asked> asked;
};

Zygotes::Zygotes(net::Loop& main_loop, std::string program, std::optional<ipc::WorkerIdentity> identity,
                 std::string folder)
    : main_loop_(main_loop),
      program_(std::move(program)),
      identity_(identity),
      folder_(std::move(folder)),
      retry_(main_loop) {}

Zygotes::~Zygotes() = default;

base::Status Zygotes::launch() {
  auto process = ipc::start_zygote(program_, identity_, folder_);
  if (!process) return base::pass(process);
  auto zygote = std::make_shared<Zygote>();
  zygote->process = std::move(*process);
  zygote->watch = std::make_unique<net::Watch>(main_loop_, zygote->process.control.get());
  zygote->watch->on_readable([this, raw = zygote.get()] { on_readable(raw); });
  next_ = std::move(zygote);
  return {};
}

base::Status Zygotes::start() {
  if (auto launched = launch(); !launched) return launched;
  pollfd wait{next_->process.control.get(), POLLIN, 0};
  if (::poll(&wait, 1, 10'000) != 1) return fail(Errc::timeout, program_ + " did not become ready within 10 seconds");
  std::array<std::uint8_t, ipc::kMaxMessageBytes> buffer;
  auto got = ipc::receive(next_->process.control.get(), buffer);
  if (!got) return base::pass(got);
  ipc::ZygoteReply reply;
  if (got->transfer != ipc::Transfer::done || !reply.ParseFromArray(buffer.data(), static_cast<int>(got->bytes))) {
    return fail(Errc::closed, program_ + " ended at once; 'sallyport doctor' tells what this host lacks");
  }
  if (reply.has_failed()) {
    return fail(Errc::unsupported, program_ + ": " + reply.failed().what() + "; " + reply.failed().remedy());
  }
  if (!reply.has_ready()) return fail(Errc::internal, program_ + " answered out of turn");
  next_->ready = true;
  current_ = std::move(next_);
  current_->watch->enable_read(true);
  return {};
}

void Zygotes::spawn(Fd peer, std::function<void(base::Result<SpawnedWorker>)> done) {
  auto pending = std::make_shared<Pending>(Pending{std::move(peer), std::move(done)});
  main_loop_.post([this, pending] { request(std::move(*pending)); });
}

void Zygotes::request(Pending pending) {
  if (!current_) {
    waiting_.push_back(std::move(pending));
    return;
  }
  auto pair = ipc::make_socket_pair();
  if (!pair) return pending.done(base::pass(pair));
  const bool has_peer = static_cast<bool>(pending.peer);
  if (has_peer) {
    if (auto set = base::set_nonblocking(pending.peer.get()); !set) return pending.done(base::pass(set));
  }
  ipc::SpawnRequest message;
  message.set_number(current_->next_number++);
  std::string bytes;
  message.SerializeToString(&bytes);
  const std::array<int, 2> fds{pair->worker.get(), pending.peer.get()};
  auto sent =
      ipc::send_with_fds(current_->process.control.get(), base::view(bytes), std::span(fds).first(has_peer ? 2 : 1));
  if (!sent || *sent != ipc::Transfer::done) {
    return pending.done(fail(Errc::busy, "too many sessions are starting at once"));
  }
  current_->asked[message.number()] = {std::move(pair->broker), std::move(pending.done)};
  if (++current_->forks == kForksPerZygote && !next_) {
    if (auto launched = launch(); launched) {
      next_->watch->enable_read(true);
    } else {
      base::log_warning("the zygote cannot be replaced: " + launched.message());
    }
  }
}

void Zygotes::on_readable(Zygote* zygote) {
  std::array<std::uint8_t, 4096> buffer;
  auto got = ipc::receive(zygote->process.control.get(), buffer);
  if (!got) return lost(zygote, got.message());
  if (got->transfer == ipc::Transfer::would_block) return;
  if (got->transfer == ipc::Transfer::closed) return lost(zygote, "it ended");
  on_reply(zygote, base::ByteView(buffer.data(), got->bytes));
}

void Zygotes::on_reply(Zygote* zygote, base::ByteView message) {
  ipc::ZygoteReply reply;
  if (!reply.ParseFromArray(message.data(), static_cast<int>(message.size()))) return lost(zygote, "malformed reply");
  if (reply.has_ready() && next_.get() == zygote) {
    zygote->ready = true;
    // The old one still owes replies; it is dropped with the last of them.
    if (current_ && !current_->asked.empty()) {
      auto old = current_;
      old->watch->on_readable([this, old] {
        on_readable(old.get());
        if (old->asked.empty()) old->watch.reset();
      });
    }
    current_ = std::move(next_);
    for (auto waiting = std::move(waiting_); Pending & pending : waiting) request(std::move(pending));
    return;
  }
  const std::uint64_t number = reply.has_spawned() ? reply.spawned().number() : reply.failed().number();
  const auto found = zygote->asked.find(number);
  if (found == zygote->asked.end()) return lost(zygote, reply.failed().what() + " " + reply.failed().remedy());
  if (!unadopted_.empty()) reap_unadopted();
  Zygote::Asked asked = std::move(found->second);
  zygote->asked.erase(found);
  if (!reply.has_spawned()) return asked.done(fail(Errc::internal, "no worker: " + reply.failed().what()));
  auto pidfd = ipc::adopt_worker(reply.spawned().pid());
  if (!pidfd) {
    // No descriptor for it, or not our child. With its socket's other end closed it ends by itself; reap it if it is
    // ours.
    asked.socket.reset();
    unadopted_.push_back(reply.spawned().pid());
    reap_unadopted();
    return asked.done(base::pass(pidfd));
  }
  asked.done(SpawnedWorker{reply.spawned().pid(), std::move(*pidfd), std::move(asked.socket)});
}

// Workers that the broker could not take hold of have lost their socket and end; their numbers are reaped when they
// did.
void Zygotes::reap_unadopted() {
  std::erase_if(unadopted_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
}

void Zygotes::lost(Zygote* zygote, const std::string& why) {
  base::log_error(program_ + ": a zygote is lost (" + why + ")");
  for (auto& [unused, asked] : std::exchange(zygote->asked, {})) {
    asked.done(fail(Errc::internal, "the worker could not be started"));
  }
  // One that was being replaced goes when its watch sees that it owes nothing more.
  auto keep = current_.get() == zygote ? current_ : next_;
  if (!keep || keep.get() != zygote) return;
  if (current_ == keep) current_.reset();
  if (next_ == keep) next_.reset();
  if (current_ || next_) return;
  if (auto launched = launch(); launched) {
    next_->watch->enable_read(true);
  } else {
    base::log_error("no zygote: " + launched.message());
    retry_.after_us(1'000'000, [this] {
      if (!current_ && !next_ && launch()) next_->watch->enable_read(true);
    });
  }
}

}  // namespace sallyport::broker
