// SPDX-License-Identifier: Apache-2.0
// One connection and one back for each type of host key, one after the other.
#include "broker/ssh/host_scan.h"

#include <array>
#include <optional>

#include "base/escape.h"
#include "broker/node/phase_table.h"
#include "broker/node/worker.h"
#include "broker/session/dialer.h"
#include "broker/ssh/host_check.h"
#include "broker/ssh/identification.h"
#include "broker/ssh/kex_inputs.h"
#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {
constexpr std::array kTypes{keys::KeyType::ed25519, keys::KeyType::ecdsa_p256, keys::KeyType::ecdsa_p384,
                            keys::KeyType::ecdsa_p521, keys::KeyType::rsa};
constexpr std::size_t kMaxReason = 256;
constexpr const char* kLookupShare = "(target scan)";  // no user's name
}  // namespace

class HostScanner::Scan : public std::enable_shared_from_this<Scan> {
 public:
  Scan(Services& services, Zygotes& backs, SessionThread& thread, policy::Target target, Done done)
      : services_(services),
        backs_(backs),
        thread_(thread),
        target_(std::move(target)),
        done_(std::move(done)),
        deadline_(thread.loop()) {}

  void start() {
    deadline_.after_us(kMaxScanUs, [this] { finish(fail(Errc::timeout, "the target took too long")); });
    ask_next();
  }

 private:
  enum Phase : std::uint8_t { Asked = 1, Proved = 2, Any = 3 };
  struct Table;

  void ask_next() {
    worker_.reset();
    if (next_ == kTypes.size()) return conclude();
    reason_.clear();
    seen_ = log_lines_ = 0;
    phase_ = Asked;
    dialer_ = std::make_unique<Dialer>(thread_.loop(), services_.resolver);
    dialer_->dial(target_.address(), kLookupShare, std::int64_t{services_.config.limits.connect_seconds} * 1'000'000,
                  [this](base::Result<base::Fd> socket) {
                    if (!socket) return finish(fail(Errc::io, "the target cannot be reached: " + socket.message()));
                    spawn(std::move(*socket));
                  });
  }

  // What is asked of other threads may come back when this is gone.
  void spawn(base::Fd socket) {
    backs_.spawn(std::move(socket),
                 [weak = weak_from_this(), &loop = thread_.loop()](base::Result<SpawnedWorker> spawned) {
                   auto holder = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
                   loop.post([weak, holder] {
                     const auto self = weak.lock();
                     if (!self || !self->done_) return;
                     if (!*holder) return self->finish(fail(Errc::full, "no worker: " + holder->message()));
                     self->ask(std::move(**holder));
                   });
                 });
  }

  void ask(SpawnedWorker spawned) {
    worker_ = std::make_unique<Worker>(thread_, std::move(spawned));
    worker_->start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                    [this](const std::string& fault) { on_gone(fault); }, [] {}});
    ipc::BrokerToBack message;
    ipc::BackStart& start = *message.mutable_start();
    start.set_client_version(kSshVersion);
    for (const std::string_view name : keys::signature_algorithms_for(kTypes[next_])) {
      start.add_host_key_algorithms(std::string(name));
    }
    for (const std::string& name : services_.config.ssh.kex) start.mutable_algorithms()->add_kex(name);
    for (const std::string& name : services_.config.ssh.macs) start.mutable_algorithms()->add_macs(name);
    worker_->send_control(message);
  }

  void on_message(ipc::MessageKind kind, base::ByteView payload);
  void on_host_proof(ipc::BackToBroker& message) {
    ipc::HostProof& proof = *message.mutable_host_proof();
    auto proven = prove_host_key(proof, kSshVersion);
    wipe_secret(*proof.mutable_inputs());
    phase_ = Proved;
    if (!proven) {
      reason_ = proven.message();
    } else if (proven->key.type() != kTypes[next_]) {
      reason_ = "it showed a key of another type";
    } else {
      found_.keys.push_back(std::move(proven->key));
      found_.software = std::move(proven->software);
    }
    worker_->kill("");
  }

  void on_log_line(ipc::BackToBroker&) {
    if (++log_lines_ > kMaxLogLines) worker_->kill("too many log lines");
  }

  // What is for a user's eyes. A scan says what the worker ends with.
  void on_target_fault(ipc::BackToBroker&) {}

  void on_ended(ipc::BackToBroker& message) {
    if (phase_ == Asked) reason_ = base::escape_for_terminal(message.ended().reason(), kMaxReason);
  }

  void on_gone(const std::string& fault) {
    if (!done_) return;
    const bool have = !found_.keys.empty() && found_.keys.back().type() == kTypes[next_];
    if (!have) {
      const std::string& why = !fault.empty() ? fault : !reason_.empty() ? reason_ : std::string("it hung up");
      found_.without.push_back(std::string(keys::key_type_name(kTypes[next_])) + ": " + why);
    }
    ++next_;
    // Not from inside the worker's own call: it is about to go.
    thread_.loop().post([weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->done_) self->ask_next();
    });
  }

  void conclude() {
    if (!found_.keys.empty()) return finish(std::move(found_));
    std::string all;
    for (const std::string& one : found_.without) all += (all.empty() ? "" : "; ") + one;
    finish(fail(Errc::denied, "the target proved no host key: " + all));
  }

  void finish(base::Result<HostScan> result) {
    deadline_.cancel();
    dialer_.reset();
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  Services& services_;
  Zygotes& backs_;
  SessionThread& thread_;
  const policy::Target target_;
  Done done_;
  net::Timer deadline_;
  std::size_t next_ = 0;  // of kTypes
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<Worker> worker_;
  std::uint8_t phase_ = Asked;
  std::uint32_t seen_ = 0;
  unsigned log_lines_ = 0;
  std::string reason_;
  HostScan found_;
};

struct HostScanner::Scan::Table {
  using Message = ipc::BackToBroker;
  static constexpr std::size_t small = 4096;
  static constexpr Rule<Scan, Message> rows[] = {
      {Message::kHostProof, Asked, Often::once, 60 * 1024, &Scan::on_host_proof, "host_proof"},
      {Message::kTargetFault, Asked, Often::once, small, &Scan::on_target_fault, "target_fault"},
      {Message::kLogLine, Any, Often::many, small, &Scan::on_log_line, "log_line"},
      {Message::kEnded, Any, Often::once, small, &Scan::on_ended, "ended"},
  };
};

void HostScanner::Scan::on_message(ipc::MessageKind kind, base::ByteView payload) {
  ipc::BackToBroker message;
  if (kind == ipc::MessageKind::event || !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return worker_->kill("malformed message");
  }
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return worker_->kill(reason);
  (this->*rule->handle)(message);
}

HostScanner::HostScanner(Services& services, Zygotes& backs, SessionThread& thread)
    : services_(services), backs_(backs), thread_(thread) {}

HostScanner::~HostScanner() = default;

void HostScanner::scan(policy::Target target, Done done) {
  thread_.loop().post([this, target = std::move(target), done = std::move(done)]() mutable {
    begin(std::move(target), std::move(done));
  });
}

void HostScanner::begin(policy::Target target, Done done) {
  if (scans_.size() >= kMaxScans) return done(fail(Errc::full, "other targets are being scanned: try again"));
  const std::uint64_t number = next_++;
  auto scan = std::make_shared<Scan>(services_, backs_, thread_, std::move(target),
                                     [this, number, done = std::move(done)](base::Result<HostScan> result) {
                                       done(std::move(result));
                                       thread_.loop().post([this, number] { scans_.erase(number); });
                                     });
  scans_[number] = scan;
  scan->start();
}

}  // namespace sallyport::broker
