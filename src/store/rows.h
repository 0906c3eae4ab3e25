// SPDX-License-Identifier: Apache-2.0
// Rows of the database as plain values: 64-bit integers and text, nothing else. Trusted side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sallyport::store {

/// What is bound to a row, and must not outlive what it was bound to, keeps these numbers and compares them. They come
/// from one counter of the store, so none is ever used twice, also not by another row of the same name.
struct Incarnation {
  std::int64_t life = 0;    ///< new when the row is made, or renewed as another
  std::int64_t proofs = 0;  ///< new then, and when what proves its owner changes
  bool operator==(const Incarnation&) const = default;
};

/// Which of these numbers a change makes new.
enum class Renewal : std::uint8_t { none, proofs, life };

struct ResourceRow {
  std::string kind = {};
  std::string name = {};
  std::int64_t version = 0;  ///< 1, 2, … over the life of the name, deletions included
  std::string json = {};     ///< opaque here; empty only in the history, for a deletion
  base::Micros updated_at_us = 0;
  Incarnation incarnation = {};  ///< not in the history
  std::string author = {};       ///< who made this version; only in the history, and empty in versions of older stores
};

struct ResourceFilter {
  std::string kind = {};
  std::string after_name = {};  ///< cursor: only greater ones
  std::int64_t limit = 1000;
};

/// One credential of one owner.
struct CredentialKey {
  std::string owner_kind = {};  ///< "user", "account", "node", …
  std::string owner_name = {};
  std::string type = {};  ///< "password-hash", "password", "private-key", …
};

struct CredentialRow {
  CredentialKey key = {};
  std::int64_t version = 0;
  std::string value = {};  ///< a password hash, or base64 of what the vault sealed; never a plain secret
  base::Micros updated_at_us = 0;
};

/// How far a user's second factor was used, and how often somebody guessed at it. Its secret is the vault's.
struct FactorRow {
  std::string user = {};
  std::string type = {};  ///< "totp"
  base::Micros enrolled_at_us = 0;
  std::int64_t last_step = 0;      ///< no code of this step or an earlier one counts any more
  std::int64_t failures = 0;       ///< wrong codes in a row
  base::Micros wait_until_us = 0;  ///< before that, no code is looked at
};

/// Somebody who is signed in to the portal. The token itself is kept nowhere: only its hash.
struct SignInRow {
  std::string token_hash = {};
  std::string id = {};
  std::string user = {};
  Incarnation incarnation = {};
  std::string method = {};  ///< "password", "password and totp"
  std::string source = {};
  std::string agent = {};  ///< what the browser calls itself
  base::Micros created_us = 0;
  base::Micros seen_us = 0;
  base::Micros proved_us = 0;
  base::Micros expires_us = 0;
};

/// A session and its recording: they share an id.
struct SessionRow {
  std::string id = {};
  std::string node = {};
  std::string user = {};
  std::string account = {};
  std::string target = {};
  std::string protocol = {};
  std::string source = {};
  std::string state = {};  ///< the broker's word: connecting, live, paused, suspended, ended …
  base::Micros started_at_us = 0;
  base::Micros ended_at_us = 0;  ///< 0 while it lives
  std::string end_reason = {};
  std::string recording_state = {};  ///< live, sealed, truncated; empty before there is a recording
  std::int64_t bytes = 0;
  std::int64_t events = 0;
  std::string integrity = {};
  std::string detail = "{}";  ///< JSON, opaque here
};

struct SessionFilter {
  std::vector<std::string> states = {};            ///< any of these; empty: all
  std::vector<std::string> recording_states = {};  ///< any of these; empty: all
  std::string user = {};
  std::string account = {};
  std::string target = {};
  std::string node = {};
  base::Micros since_us = 0;   ///< started at or after
  base::Micros until_us = 0;   ///< started before; 0: no bound
  std::string before_id = {};  ///< cursor: only ids smaller than this one (ids sort by time)
  std::int64_t limit = 1000;
};

/// A request for access. Names in lists are separated by blanks. What it means is the broker's.
struct RequestRow {
  std::string id = {};
  std::string state = {};
  std::string requester = {};
  std::int64_t requester_life = 0;
  std::string sponsor = {};
  std::string account = {};
  std::string targets = {};
  std::string reason = {};
  std::string ticket = {};
  base::Micros created_us = 0;
  base::Micros decide_by_us = 0;
  base::Micros start_us = 0;
  std::int64_t valid_seconds = 0;
  std::int64_t max_sessions = 0;
  std::int64_t sessions_opened = 0;
  std::string rules = {};  ///< who must approve it
  base::Micros approved_us = 0;
  base::Micros closed_us = 0;
  std::string closed_by = {};
  bool emergency = false;
  base::Micros reviewed_us = 0;
  std::string reviewed_by = {};
  std::string review = {};
  bool stated = false;        ///< needs no approval
  std::string commands = {};  ///< hashes, separated by blanks
  std::string playbook = {};  ///< a hash
  std::string places = {};    ///< what it was about: request_rows.h
};

struct RequestVoteRow {
  std::string request = {};
  std::string voter = {};
  std::string verdict = {};  ///< approve or deny
  base::Micros at_us = 0;
  std::string comment = {};
};

struct RequestFilter {
  std::vector<std::string> states = {};  ///< any of these; empty: all
  std::string requester = {};
  std::string account = {};
  std::string before_id = {};  ///< cursor: only ids smaller than this one
  std::int64_t limit = 1000;
  bool to_review = false;         ///< only emergencies that nobody has reviewed
  base::Micros decide_by_us = 0;  ///< only those whose time to be decided ends at or before it; 0: all
};

/// A change of resources or secrets that a second administrator decides. What it means is the broker's.
struct ChangeRow {
  std::string id = {};
  std::string state = {};
  std::string author = {};  ///< a user, or the machine's root
  std::int64_t author_life = 0;
  std::string actor = {};  ///< the author, as the audit log names them
  std::string areas = {};
  std::string reason = {};
  std::string steps = {};  ///< without secrets
  base::Micros created_us = 0;
  base::Micros decide_by_us = 0;
  bool emergency = false;
  base::Micros decided_us = 0;
  std::string decided_by = {};
  std::string comment = {};
  base::Micros reviewed_us = 0;
  std::string reviewed_by = {};
  std::string review = {};
};

struct ChangeFilter {
  std::vector<std::string> states = {};  ///< any of these; empty: all
  std::string author = {};
  base::Micros decided_by_us = 0;  ///< only those whose time to be decided ends at or before it; 0: all
  bool to_review = false;          ///< only emergencies that nobody has reviewed
  std::string before_id = {};      ///< cursor: only ids smaller than this one
  std::int64_t limit = 1000;
  bool without_steps = false;  ///< they may be long: rows then have none
};

/// An outsider's invitation; the request for access with the same id says what it is for.
struct InvitationRow {
  std::string id = {};
  std::string user = {};  ///< the outsider's name
  std::string sponsor = {};
  std::string lookup = {};     ///< finds it by its code
  std::string code_hash = {};  ///< of the secret part of the code
  std::int64_t failures = 0;   ///< wrong codes
  base::Micros taken_us = 0;   ///< 0: nobody has taken it up
  std::string bound = {};      ///< to which key or password
  base::Micros ended_us = 0;   ///< 0: not over
  std::string ended_by = {};
  std::string end_reason = {};
};

struct InvitationFilter {
  std::string id = {};
  std::string user = {};
  std::string sponsor = {};
  std::string lookup = {};
  bool open = false;           ///< only those that are not over
  std::string before_id = {};  ///< cursor: only ids smaller than this one
  std::int64_t limit = 1000;
};

/// One audit event: indexed columns beside the body that is hashed. See audit/log.h.
struct AuditRow {
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  std::string type = {};
  std::string actor = {};
  std::string session = {};
  std::string body = {};   ///< the event's canonical JSON
  std::string salt = {};   ///< base64
  std::string leaf = {};   ///< hexadecimal
  std::string chain = {};  ///< hexadecimal
  std::string node = {};   ///< whose log it is in; filled in by the store
};

/// Of one node's log.
struct AuditFilter {
  std::int64_t after_seq = 0;  ///< cursor: only greater ones
  std::string node = {};       ///< empty: this one's
  std::string type = {};       ///< exact, or a prefix when it ends in '.' ("session.")
  std::string actor = {};
  std::string session = {};
  std::string text = {};  ///< part of the body
  base::Micros since_us = 0;
  base::Micros until_us = 0;  ///< 0: no bound
  std::int64_t limit = 1000;
  std::size_t max_bytes = SIZE_MAX;  ///< of bodies: the row that reaches it is the last one
  enum class Order { oldest_first, newest_first } order = Order::oldest_first;  ///< which end the limit keeps, too
};

/// A signed statement that the log stood so.
struct AuditHeadRow {
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  std::string chain = {};       ///< hexadecimal, of the event with this seq
  std::string public_key = {};  ///< base64, Ed25519
  std::string signature = {};   ///< base64
};

}  // namespace sallyport::store
