// SPDX-License-Identifier: Apache-2.0
// Who waits for which name, whose turn it is, and what is known already.
#include "net/resolver.h"

#include <ares.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <thread>

#include "net/name_lookup.h"

namespace sallyport::net {

namespace {
// An answer is kept as long as its records say, but no longer than this: whoever moves a target need not wait.
constexpr std::int64_t kKeptUs = 30'000'000;
constexpr std::size_t kKeptNames = 4096;
}  // namespace

// All but `ids` and post() belongs to the resolver's thread.
struct Resolver::Core {
  struct Waiter {
    std::uint64_t id;
    std::uint16_t port;
    Loop* loop;
    std::function<void(Found)> done;
  };
  struct Name {
    std::string user;  // who asked first: the lookup counts as his
    std::vector<Waiter> waiters;
    std::unique_ptr<NameLookup> lookup;  // null: it waits for its turn
  };
  struct Kept {
    std::vector<Address> addresses;
    base::Micros until_us;
  };

  Core(Options o, const base::Clock& c) : options(std::move(o)), clock(c) {
    for (const std::string& server : options.servers) servers += (servers.empty() ? "" : ",") + server;
    thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "resolver");
      loop.run();
    });
  }

  Loop loop;
  const Options options;
  const base::Clock& clock;
  std::string servers;
  std::atomic<std::uint64_t> ids{0};
  std::map<std::string, Name> names;
  std::map<std::uint64_t, std::string> asked;             // waiter → name
  std::map<std::string, std::deque<std::string>> queues;  // user → names that wait for their turn
  std::string last_served;
  std::map<std::string, std::size_t> running_of;
  std::size_t running = 0;
  std::map<std::string, Kept> kept;
  std::thread thread;

  void ask(const std::string& host, const std::string& user, Waiter waiter);
  void forget(std::uint64_t id);
  void begin_those_due();
  void begin(const std::string& host, Name& name);
  void finish(const std::string& host, base::Result<NameAddresses> found);
  std::map<std::string, Name>::node_type take(const std::string& host);
  void keep(const std::string& host, const NameAddresses& found);
  static void answer(const Waiter& waiter, const base::Result<std::vector<Address>>& found);
};

void Resolver::Core::answer(const Waiter& waiter, const base::Result<std::vector<Address>>& found) {
  Found out = found;
  if (out) {
    for (Address& address : *out) set_port(address, waiter.port);
  }
  waiter.loop->post([done = waiter.done, out = std::move(out)] { done(out); });
}

void Resolver::Core::ask(const std::string& host, const std::string& user, Waiter waiter) {
  if (const auto known = kept.find(host); known != kept.end()) {
    if (known->second.until_us > clock.monotonic_us()) return answer(waiter, known->second.addresses);
    kept.erase(known);
  }
  asked.emplace(waiter.id, host);
  const auto [found, fresh] = names.try_emplace(host);
  found->second.waiters.push_back(std::move(waiter));
  if (!fresh) return;
  found->second.user = user;
  queues[user].push_back(host);
  begin_those_due();
}

void Resolver::Core::forget(std::uint64_t id) {
  const auto found = asked.find(id);
  if (found == asked.end()) return;
  const std::string host = found->second;
  asked.erase(found);
  Name& name = names.at(host);
  std::erase_if(name.waiters, [&](const Waiter& waiter) { return waiter.id == id; });
  if (!name.waiters.empty()) return;
  take(host);
  begin_those_due();
}

// Users in turn, so that who asks for many names only makes himself wait.
void Resolver::Core::begin_those_due() {
  bool begun = true;
  while (begun && running < options.at_once) {
    begun = false;
    auto next = queues.upper_bound(last_served);
    for (std::size_t looked = 0; looked < queues.size() && !begun; ++looked) {
      if (next == queues.end()) next = queues.begin();
      const auto mine = running_of.find(next->first);
      if (mine != running_of.end() && mine->second >= options.at_once_per_user) {
        ++next;
        continue;
      }
      last_served = next->first;
      const std::string host = std::move(next->second.front());
      next->second.pop_front();
      if (next->second.empty()) queues.erase(next);
      begin(host, names.at(host));
      begun = true;
    }
  }
}

void Resolver::Core::begin(const std::string& host, Name& name) {
  ++running;
  ++running_of[name.user];
  name.lookup = std::make_unique<NameLookup>(loop, servers);
  name.lookup->start(host, [this, host](base::Result<NameAddresses> found) { finish(host, std::move(found)); });
}

// Takes the name out of all books; its lookup ends with what is returned.
std::map<std::string, Resolver::Core::Name>::node_type Resolver::Core::take(const std::string& host) {
  auto out = names.extract(host);
  const Name& name = out.mapped();
  for (const Waiter& waiter : name.waiters) asked.erase(waiter.id);
  if (name.lookup) {
    --running;
    if (--running_of.at(name.user) == 0) running_of.erase(name.user);
  } else {
    const auto queue = queues.find(name.user);
    std::erase(queue->second, host);
    if (queue->second.empty()) queues.erase(queue);
  }
  return out;
}

void Resolver::Core::finish(const std::string& host, base::Result<NameAddresses> found) {
  const auto taken = take(host);
  if (found) keep(host, *found);
  const Found out = found ? Found(std::move(found->addresses)) : Found(base::pass(found));
  for (const Waiter& waiter : taken.mapped().waiters) answer(waiter, out);
  begin_those_due();
}

void Resolver::Core::keep(const std::string& host, const NameAddresses& found) {
  const base::Micros now = clock.monotonic_us();
  if (kept.size() >= kKeptNames) std::erase_if(kept, [&](const auto& one) { return one.second.until_us <= now; });
  if (found.valid_us <= 0 || kept.size() >= kKeptNames) return;
  kept.insert_or_assign(host, Kept{found.addresses, now + std::min(found.valid_us, kKeptUs)});
}

Resolver::Resolver(Options options, const base::Clock& clock) {
  ares_library_init(ARES_LIB_INIT_ALL);
  core_ = std::make_shared<Core>(std::move(options), clock);
}

// The core stays for those who still hold queries; its thread does not, and nothing is asked of a name server any more.
Resolver::~Resolver() {
  core_->loop.stop();
  core_->thread.join();
  core_->names.clear();
}

Resolver::Query::~Query() {
  *alive_ = false;
  core_->loop.post([core = core_.get(), id = id_] { core->forget(id); });
}

std::unique_ptr<Resolver::Query> Resolver::look_up(const HostPort& where, const std::string& user, Loop& loop,
                                                   std::function<void(Found)> done) {
  auto alive = std::make_shared<bool>(true);
  const std::uint64_t id = ++core_->ids;
  Core::Waiter waiter{id, where.port, &loop, [alive, done = std::move(done)](Found found) {
                        if (*alive) done(std::move(found));
                      }};
  core_->loop.post([core = core_.get(), host = where.host, user, waiter = std::move(waiter)]() mutable {
    core->ask(host, user, std::move(waiter));
  });
  return std::make_unique<Query>(core_, id, std::move(alive));
}

}  // namespace sallyport::net
