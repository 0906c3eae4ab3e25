// SPDX-License-Identifier: Apache-2.0
// The wiring of a node, in the order in which its parts depend on each other.
#include "broker/node.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/log.h"
#include "broker/admin_socket/server.h"
#include "broker/api/api.h"
#include "broker/api/json_fields.h"
#include "broker/intake/listener.h"
#include "broker/metrics/metrics_server.h"
#include "broker/node/hook_program.h"
#include "broker/node/housekeeping.h"
#include "broker/node/master_key_prompt.h"
#include "broker/node/node_mark.h"
#include "broker/node/notice_hook.h"
#include "broker/node/worker_identity.h"
#include "broker/record/node_signer.h"
#include "broker/record/record_recipients.h"
#include "broker/record/recover_records.h"
#include "broker/ssh/entrance.h"
#include "broker/ssh/host_scan.h"
#include "broker/ssh/ssh_protocol.h"
#include "broker/telnet/telnet_protocol.h"
#include "broker/web/portal.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {

constexpr std::int64_t kEndUnauditedPeriodUs = 500'000;  // between two orders to end all sessions
constexpr std::int64_t kStopPollUs = 50'000;
constexpr int kStopPolls = 100;  // five seconds for sessions to be sealed

base::Status make_directory(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0755);
  }
  if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) return base::fail_errno("cannot make " + path);
  return {};
}

}  // namespace

struct Node::Parts {
  explicit Parts(config::Config c)
      : config(std::move(c)),
        session_threads(config.limits.session_threads != 0
                            ? config.limits.session_threads
                            : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8)),
        planned(plan_descriptors(descriptor_limit(), config.limits, session_threads)),
        plan(planned ? *planned : DescriptorPlan{}),
        admission(plan.preauth, config.limits.preauth_per_source),
        users(std::numeric_limits<std::size_t>::max(), config.limits.connections_per_user),
        descriptors(plan.places),
        sessions(plan.sessions) {}

  config::Config config;
  const std::size_t session_threads;
  base::Result<DescriptorPlan> planned;
  const DescriptorPlan plan;
  base::SystemClock clock;
  base::SystemRandom random;
  net::Loop main_loop;
  std::unique_ptr<store::Store> store, reader;
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<audit::Log> audit_log;
  std::optional<identity::Passwords> passwords;
  std::optional<identity::Totp> totp;
  PolicyHolder policy;
  Admission admission, users;
  DescriptorBudget descriptors;
  Registry sessions;
  Logins logins;
  LateSeals late_seals;
  HeldBudget held, screens;
  RecordThreadState record_state;
  // Threads end before what they use.
  std::unique_ptr<net::Executor> reader_thread, store_thread, hash_thread, record_thread, seal_thread;
  std::unique_ptr<net::Resolver> resolver;
  std::unique_ptr<GuessQueue> guesses;
  std::unique_ptr<AuditTrail> audit;
  std::unique_ptr<PreauthAudit> preauth_audit;
  std::unique_ptr<UserAudit> user_audit;
  std::unique_ptr<AccessRequests> requests;
  std::unique_ptr<NoticeHook> notices;
  OpeningPace openings;
  LoginSpacing target_logins;
  std::unique_ptr<Services> services;
  std::unique_ptr<Zygotes> fronts, backs, telnet_backs, inspectors;
  ProtocolTable protocols;
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<SshEntrance> ssh_entrance;
  std::vector<std::unique_ptr<SessionThread>> threads;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Housekeeping> housekeeping;
  std::unique_ptr<HostScanner> scanner;  // on the first of the threads
  std::unique_ptr<api::Api> api;
  std::unique_ptr<admin_socket::Server> admin_server;
  std::unique_ptr<Portal> portal;                          // where one is configured
  std::unique_ptr<metrics::MetricsServer> metrics_server;  // where one is configured
  base::Fd signals;
  std::unique_ptr<net::Watch> signal_watch;
  std::unique_ptr<net::Timer> stop_timer, guess_timer;
  int stop_left = kStopPolls;
  base::Micros end_unaudited_again_us = 0;

  void tell_plan() const;
  base::Status open_store();
  base::Status open_evidence(const vault::MasterKeySource& source);
  base::Status start_workers(const std::string& libexec);
  base::Status listen(const std::string& libexec);
  base::Status listen_for_metrics();
  void on_signal();
  void stop_sessions(const char* why);
  void end_unaudited();
  void wait_for_sessions();
};

Node::Node(config::Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}

Node::~Node() {
  Parts& p = *parts_;
  p.signal_watch.reset();
  p.stop_timer.reset();
  p.guess_timer.reset();
  p.housekeeping.reset();
  p.metrics_server.reset();
  p.admin_server.reset();
  if (p.portal) p.portal->stop();
  p.api.reset();
  p.listener.reset();
  // Loops and executors post to each other: first the loops stop, then the executors finish, then all of it goes.
  for (const auto& thread : p.threads) thread->stop();
  p.scanner.reset();
  p.inspectors.reset();
  p.telnet_backs.reset();
  p.backs.reset();
  p.fronts.reset();
  p.seal_thread.reset();
  p.record_thread.reset();
  if (p.guesses) p.guesses->clear();
  p.hash_thread.reset();
  p.resolver.reset();
  p.store_thread.reset();
  p.reader_thread.reset();
  p.threads.clear();
  p.portal.reset();
}

void Node::Parts::tell_plan() const {
  const auto& limits = config.limits;
  const std::string text = "up to " + std::to_string(plan.sessions) + " sessions and " + std::to_string(plan.preauth) +
                           " connections that are not logged in, with " + std::to_string(plan.limit) + " open files";
  if (plan.sessions == limits.max_sessions && plan.preauth == limits.preauth_total) return base::log_info(text);
  base::log_warning(text + ": fewer than limits.max_sessions (" + std::to_string(limits.max_sessions) +
                    ") or limits.preauth_total (" + std::to_string(limits.preauth_total) +
                    ") allow; raise LimitNOFILE to have them");
}

base::Status Node::Parts::open_store() {
  if (auto made = make_directory(config.data_dir, 0750); !made) return made;
  if (auto made = make_directory(config.recording.dir, 0700); !made) return made;
  store::Options options{config.store, config.data_dir, config.node,
                         config.node_is_set ? store::Naming::fixed : store::Naming::suggested};
  auto opened = store::Store::open(options);
  if (!opened) return base::pass(opened);
  store = std::move(*opened);
  config.node = options.node = store->node();
  auto beside = store::Store::open_reader(options);
  if (!beside) return base::pass(beside);
  reader = std::move(*beside);
  auto is_new = vault::Vault::is_new(*store);
  if (!is_new) return base::pass(is_new);
  auto source = find_master_key(config.master_key, *is_new);
  if (!source) return base::pass(source);
  // One transaction: the node's keys without its log's first event would look like a log that was emptied.
  auto begun = store->transaction([&] { return open_evidence(*source); });
  if (!begun) return begun;
  if (store->shared()) {
    if (auto left = leave_node_mark(config.data_dir, vault->node_public_key()); !left) return left;
  }
  auto hashes = identity::Passwords::create({}, random);
  if (!hashes) return base::pass(hashes);
  passwords.emplace(std::move(*hashes));
  totp.emplace(*store, *vault, clock, random);
  if (auto loaded = policy.reload(*store); !loaded) return loaded;
  const NodeSigner signer(*vault);
  return recover_records(*store, *audit_log, config.recording.dir, signer, clock, late_seals);
}

base::Status Node::Parts::open_evidence(const vault::MasterKeySource& source) {
  auto vaulted = vault::Vault::open(*store, source, clock, random);
  if (!vaulted) return base::pass(vaulted);
  vault = std::move(*vaulted);
  if (store->shared()) {
    if (auto known = check_node_mark(config.data_dir, vault->node_public_key()); !known) return known;
  }
  auto logged = audit::Log::open(*store, clock, random, {vault->node_public_key(), [this](base::ByteView message) {
                                                           return vault->node_sign(message);
                                                         }});
  if (!logged) return base::pass(logged);
  audit_log = std::move(*logged);
  return audit_log->begin(vault->made_node_key() ? audit::History::none : audit::History::some);
}

base::Status Node::Parts::start_workers(const std::string& libexec) {
  auto identity = worker_identity(config.worker_user);
  if (!identity) return base::pass(identity);
  fronts = std::make_unique<Zygotes>(main_loop, libexec + "/sallyport-front-ssh", *identity);
  backs = std::make_unique<Zygotes>(main_loop, libexec + "/sallyport-back-ssh", *identity);
  telnet_backs = std::make_unique<Zygotes>(main_loop, libexec + "/sallyport-back-telnet", *identity);
  inspectors = std::make_unique<Zygotes>(main_loop, libexec + "/sallyport-inspector", *identity);
  for (Zygotes* zygotes : {fronts.get(), backs.get(), telnet_backs.get(), inspectors.get()}) {
    if (auto started = zygotes->start(); !started) return started;
  }
  return {};
}

base::Status Node::Parts::listen(const std::string& libexec) {
  for (unsigned i = 0; i < session_threads; ++i) threads.push_back(std::make_unique<SessionThread>(i));
  listener = std::make_unique<Listener>(main_loop, admission, threads,
                                        [this](SessionThread& thread, base::Fd socket, Arrival arrival) {
                                          ssh_entrance->take(thread, std::move(socket), std::move(arrival));
                                        });
  auto address = net::parse_numeric(config::to_string(config.listen_ssh));
  if (!address) return base::pass(address);
  if (auto listening = listener->listen(*address); !listening) return listening;
  auto bound = listener->address();
  if (!bound) return base::pass(bound);
  scanner = std::make_unique<HostScanner>(*services, *backs, *threads.front());
  api = std::make_unique<api::Api>(*services, api::NodeFacts{SALLYPORT_VERSION, bound->text(), clock.now_us(),
                                                             [this](policy::Target target, HostScanner::Done done) {
                                                               scanner->scan(std::move(target), std::move(done));
                                                             }});
  auto served = admin_socket::Server::create(*services, *api);
  if (!served) return base::pass(served);
  admin_server = std::move(*served);
  if (!config.listen_portal) return {};
  auto identity = worker_identity(config.worker_user);
  if (!identity) return base::pass(identity);
  auto opened = Portal::open({*gateway, *api, threads, libexec, *identity, bound->text()});
  if (!opened) return base::pass(opened);
  portal = std::move(*opened);
  return {};
}

base::Status Node::Parts::listen_for_metrics() {
  if (!config.listen_metrics) return {};
  auto address = net::parse_numeric(config::to_string(*config.listen_metrics));
  if (!address) return base::pass(address);
  auto figures = std::make_shared<const metrics::NodeFigures>(*services, admission, users, SALLYPORT_VERSION);
  metrics_server = std::make_unique<metrics::MetricsServer>(main_loop, *reader_thread, std::move(figures));
  return metrics_server->listen(*address);
}

base::Status Node::start(const std::string& libexec) {
  Parts& p = *parts_;
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTERM);
  sigaddset(&stopping, SIGINT);
  sigaddset(&stopping, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);  // before any thread: all of them inherit it
  ::signal(SIGPIPE, SIG_IGN);
  p.signals = base::Fd(::signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!p.signals) return base::fail_errno("signalfd");

  if (!p.planned) return base::pass(p.planned);
  p.tell_plan();
  if (auto opened = p.open_store(); !opened) return opened;
  if (auto started = p.start_workers(libexec); !started) return started;
  p.store_thread = std::make_unique<net::Executor>("store");
  p.reader_thread = std::make_unique<net::Executor>("reader");
  p.hash_thread = std::make_unique<net::Executor>("hash", net::Priority::idle);
  p.guess_timer = std::make_unique<net::Timer>(p.main_loop);
  p.guesses = std::make_unique<GuessQueue>(
      *p.hash_thread, p.clock, 60'000'000 / p.config.limits.source_guesses_per_minute,
      [&p](base::Micros delay_us, std::function<void()> work) {
        p.main_loop.post([&p, delay_us, work = std::move(work)] { p.guess_timer->after_us(delay_us, work); });
      });
  p.record_thread = std::make_unique<net::Executor>("record");
  p.seal_thread = std::make_unique<net::Executor>("seal");
  p.resolver = std::make_unique<net::Resolver>(
      net::Resolver::Options{p.config.resolver.servers, p.plan.lookups, p.plan.lookups_per_user}, p.clock);
  p.audit = std::make_unique<AuditTrail>(*p.audit_log, *p.store, *p.store_thread);
  p.audit->on_overflow([&p] { p.main_loop.post([&p] { p.end_unaudited(); }); });
  p.preauth_audit = std::make_unique<PreauthAudit>(*p.audit, p.clock);
  p.user_audit = std::make_unique<UserAudit>(*p.audit, p.clock);
  p.requests = std::make_unique<AccessRequests>(*p.store, *p.audit, p.policy, p.clock, p.random);
  const auto workers = worker_identity(p.config.worker_user);
  if (!workers) return base::fail(workers.error().code, workers.message());
  auto hook = hook_program(p.config.notify, *workers);
  if (!hook) return base::pass(hook);
  p.notices = std::make_unique<NoticeHook>(p.main_loop, p.clock, *p.audit, p.config.node, std::move(*hook));
  p.requests->announce_to([&p](const char* type, const policy::AccessRequest& request) {
    if (p.notices->listens()) p.notices->tell(type, api::request_json(request, p.clock.now_us()));
  });
  p.services = std::make_unique<Services>(Services{
      p.config,         p.clock,       p.random,     p.main_loop,      *p.store_thread, *p.hash_thread, *p.guesses,
      *p.record_thread, *p.resolver,   *p.store,     *p.reader_thread, *p.reader,       *p.vault,       *p.audit,
      *p.preauth_audit, *p.user_audit, p.openings,   p.target_logins,  *p.passwords,    p.policy,       *p.requests,
      p.sessions,       p.logins,      p.late_seals, p.held,           p.screens,       *p.totp,        *p.notices});
  p.protocols.emplace(policy::Protocol::ssh, ssh_protocol(*p.backs));
  p.protocols.emplace(policy::Protocol::telnet, telnet_protocol(*p.telnet_backs));
  p.gateway =
      std::make_unique<Gateway>(Gateway{*p.services, p.record_state, std::make_shared<NodeSigner>(*p.vault),
                                        p.protocols, *p.inspectors, p.admission, p.users, p.descriptors, p.plan.kept});
  p.ssh_entrance =
      std::make_unique<SshEntrance>(ssh_entrance(*p.gateway, *p.fronts, HostIdentity::of_listener(*p.vault)));
  if (auto listening = p.listen(libexec); !listening) return listening;
  if (auto listening = p.listen_for_metrics(); !listening) return listening;
  if (const auto readers = record_recipients(p.policy.current()->resources, p.services->recording_key()); !readers) {
    base::log_error("no session will be opened: " + readers.message());
  }
  p.audit->write({"node.start", "sallyport", "", {}});
  p.housekeeping = std::make_unique<Housekeeping>(*p.services, *p.seal_thread, p.gateway->signer);
  p.housekeeping->start();
  p.signal_watch = std::make_unique<net::Watch>(p.main_loop, p.signals.get());
  p.signal_watch->on_readable([&p] { p.on_signal(); });
  p.signal_watch->enable_read(true);
  return {};
}

std::string Node::ready_line() const {
  auto address = parts_->listener->address();
  nlohmann::json line = {{"ready", true},
                         {"ssh", address ? address->text() : ""},
                         {"portal", parts_->portal ? parts_->portal->address() : ""},
                         {"metrics", parts_->metrics_server ? parts_->metrics_server->address() : ""},
                         {"admin", parts_->config.admin_socket()},
                         {"node", parts_->config.node},
                         {"pid", ::getpid()}};
  return line.dump();
}

void Node::run() {
  parts_->main_loop.run();
}

void Node::Parts::on_signal() {
  signalfd_siginfo info;
  if (::read(signals.get(), &info, sizeof info) != sizeof info || stop_timer) return;
  if (info.ssi_signo == SIGHUP) {
    if (portal) portal->renew_certificate();
    return;
  }
  base::log_info("stopping: sessions are ended and sealed");
  listener->stop();
  if (portal) portal->stop_listening();
  stop_timer = std::make_unique<net::Timer>(main_loop);
  sessions.close();
  stop_sessions("the gateway is stopping");
  wait_for_sessions();
}

void Node::Parts::stop_sessions(const char* why) {
  for (const auto& session : sessions.all()) {
    session->control({ControlAction::terminate, "sallyport", why}, [](base::Status) {});
  }
}

// Nothing goes on of which the audit log would not know.
void Node::Parts::end_unaudited() {
  const base::Micros now = clock.monotonic_us();
  if (now < end_unaudited_again_us) return;
  end_unaudited_again_us = now + kEndUnauditedPeriodUs;
  base::log_error("too many audit events wait for the database: all sessions end");
  stop_sessions("the audit log cannot be written");
}

void Node::Parts::wait_for_sessions() {
  if (sessions.size() == 0 || --stop_left == 0) {
    preauth_audit->tell_withheld();
    user_audit->tell_withheld();
    audit->write({"node.stop", "sallyport", "", {}}, [this](base::Status) {
      Housekeeping::keep_head(*audit_log);
      main_loop.stop();
    });
    return;
  }
  stop_timer->after_us(kStopPollUs, [this] { wait_for_sessions(); });
}

}  // namespace sallyport::broker
