// SPDX-License-Identifier: Apache-2.0
// Who is signed in to the portal. A token is 32 random bytes that only the browser keeps; here is its hash. A sign-in
// ends by itself, by its user's hand, and with whatever proves the user. Trusted side; any thread may call.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "broker/access/policy_state.h"
#include "net/executor.h"
#include "store/store.h"

namespace sallyport::broker {

/// One that counted when it was found; counts() says whether it still does.
struct SignIn {
  /// Who proved again since, and with what, is not in the store: a code counts from the sign-in on then.
  explicit SignIn(store::SignInRow as_stored)
      : row(std::move(as_stored)),
        seen_us(row.seen_us),
        proved_us(row.proved_us),
        code_proved_us(has_code(row.method) ? row.created_us : 0),
        kept_us(row.seen_us) {}
  /// Whether a one-time code is part of what was proved: "password and totp".
  static bool has_code(std::string_view method) { return method.find(" and ") != std::string_view::npos; }
  const store::SignInRow row;
  std::atomic<base::Micros> seen_us;
  std::atomic<base::Micros> proved_us;
  std::atomic<base::Micros> code_proved_us;  ///< when a one-time code was proved; 0: none was
  std::atomic<base::Micros> kept_us;         ///< what the store knows of seen_us
  std::atomic<bool> ended = false;
};
using SignInPtr = std::shared_ptr<SignIn>;

class SignIns {
 public:
  /// That are kept in memory beside the store; more cost a look at the store again.
  static constexpr std::size_t kMostKept = 10'000;
  /// Of one user, at a time: the oldest gives way.
  static constexpr std::size_t kMostOfUser = 50;

  struct Wiring {
    store::Store& store;
    net::Executor& store_thread;
    store::Store& reader;
    net::Executor& reader_thread;
    const PolicyHolder& policy;
    const base::Clock& clock;
    base::Random& random;
    base::Micros idle_us = 0;
    base::Micros life_us = 0;
  };
  explicit SignIns(const Wiring& wiring) : wiring_(wiring) {}

  struct Facts {
    std::string user;
    store::Incarnation incarnation;
    std::string method;
    std::string source;
    std::string agent;
  };
  struct Begun {
    std::string token;
    SignInPtr sign_in;
  };
  /// done() on the store's thread, once it is durable.
  void begin(Facts facts, std::function<void(base::Result<Begun>)> done);
  /// done() on any thread: null for a token that is none, or whose sign-in does not count any more.
  void find(std::string_view token, std::function<void(SignInPtr)> done);
  /// Whether the token is this sign-in's; in constant time.
  static bool is_token_of(std::string_view token, const SignIn& sign_in);

  /// Whether it is good for a request now.
  bool counts(const SignIn& sign_in) const;
  void note_use(SignIn& sign_in) const { sign_in.seen_us = wiring_.clock.now_us(); }
  /// The user has proved again who they are; done() on the store's thread.
  void prove(const SignInPtr& sign_in, std::function<void(base::Status)> done);

  /// The user's own, the newest first. Blocks: on the store's thread or a reader's.
  base::Result<std::vector<store::SignInRow>> list(store::Store& store, const std::string& user) const;
  /// Ends one, or all where `id` is empty; done() on the store's thread, with how many there were.
  void end(const std::string& user, const std::string& id, std::function<void(base::Result<std::int64_t>)> done);

  /// To be called now and then: keeps when each was last used, and forgets what has ended.
  void keep_times();

 private:
  SignInPtr kept(const std::string& hash) const;
  SignInPtr keep(store::SignInRow row);
  void forget(const std::string& user, const std::string& id);
  void make_room(const std::string& user);

  const Wiring wiring_;
  mutable std::mutex mutex_;
  std::map<std::string, SignInPtr> kept_;  // by hash
};

}  // namespace sallyport::broker
