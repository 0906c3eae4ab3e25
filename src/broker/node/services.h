// SPDX-License-Identifier: Apache-2.0
// What the parts of the broker share, wired once by main. Trusted side. References only: the node owns everything and
// outlives them.
#pragma once

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "broker/access/access_requests.h"
#include "broker/access/login_spacing.h"
#include "broker/access/logins.h"
#include "broker/access/policy_state.h"
#include "broker/intake/guess_queue.h"
#include "broker/intake/opening_pace.h"
#include "broker/intake/preauth_audit.h"
#include "broker/node/audit_trail.h"
#include "broker/node/notice_sink.h"
#include "broker/node/user_audit.h"
#include "broker/record/late_seals.h"
#include "broker/session/held_budget.h"
#include "broker/session/registry.h"
#include "config/config.h"
#include "identity/password.h"
#include "identity/totp.h"
#include "net/executor.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "store/store.h"
#include "vault/vault.h"

namespace sallyport::broker {

struct Services {
  const config::Config& config;
  const base::Clock& clock;
  base::Random& random;          ///< thread-safe
  net::Loop& main_loop;          ///< listeners, zygotes, the admin socket
  net::Executor& store_thread;   ///< every call that blocks on the database
  net::Executor& hash_thread;    ///< Argon2id, one at a time, lowest priority
  GuessQueue& guesses;           ///< strangers' way to it
  net::Executor& record_thread;  ///< chunks and seals
  net::Resolver& resolver;       ///< names of targets
  store::Store& store;           ///< blocks: only on store_thread
  net::Executor& reader_thread;  ///< long looks at the database, which keep no session waiting
  store::Store& reader;          ///< reads alone, over a connection of its own: not on a loop
  vault::Vault& vault;           ///< blocking calls only on store_thread
  AuditTrail& audit;
  PreauthAudit& preauth_audit;           ///< strangers' way to it
  UserAudit& user_audit;                 ///< users' way to it, for what they can cause at will
  OpeningPace& openings;                 ///< of sessions
  LoginSpacing& target_logins;           ///< what failed at targets
  const identity::Passwords& passwords;  ///< only on hash_thread
  PolicyHolder& policy;
  AccessRequests& requests;
  Registry& sessions;
  Logins& logins;
  LateSeals& late_seals;
  HeldBudget& held;      ///< events that wait
  HeldBudget& screens;   ///< for watchers
  identity::Totp& totp;  ///< blocks: only on store_thread
  NoticeSink& notices;   ///< who is told of requests and changes

  /// What makes the node a reader of what it records; empty when it may only write.
  base::ByteView recording_key() const {
    return config.recording.write_only ? base::ByteView() : base::ByteView(vault.recording_recipient().public_key);
  }
};

}  // namespace sallyport::broker
