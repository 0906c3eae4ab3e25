// SPDX-License-Identifier: Apache-2.0
// The database: resources, credentials, sessions, the audit log's rows and settings, behind statements of our own.
// Trusted side. It keeps what it is given and understands none of it; foreign error texts (which quote bound values)
// never leave it, and it is never called on a session loop: every call may block on a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/rows.h"

namespace sallyport::store {

/// Who says what the node is called.
enum class Naming {
  fixed,      ///< the caller: a store of another node is refused
  suggested,  ///< a store that only one node can be in; the caller at its first start
};

struct Options {
  std::string url = "sqlite";  ///< "sqlite": DATA_DIR/sallyport.db, "sqlite:PATH", or "postgresql://…"
  std::string data_dir = {};
  std::string node = "node";  ///< whose audit log is written
  Naming naming = Naming::fixed;
};

/// Any thread may call; calls take turns. Errors everywhere: busy (another process holds the database), closed (the
/// database server does not answer now: what was not committed is not there), full, io, corrupt, denied, timeout,
/// internal; beside these only what a function names.
///
/// Transactions are serializable. On a database that other nodes write to, too, one that got in another's way is tried
/// again, so what a transaction runs may run several times: it begins anew each time, and touches nothing but the
/// store.
class Store {
 public:
  class Database;  ///< the connection: known to src/store alone

  /// Opens, creates if absent (0600), and brings the schema up to date. A second gateway of the node would take the
  /// first one's live sessions for left-overs of a crash, and gets Errc::busy: whoever has a file open keeps PATH.lock,
  /// and at a server an advisory lock for as long as the connection lives. Errors also: invalid (the URL), unsupported
  /// (unknown URL, a database written by a newer version, another node's store).
  static base::Result<std::unique_ptr<Store>> open(const Options& options);
  /// Another connection to the database that open() opened, for reading beside it: what is committed is seen, what is
  /// under way neither seen nor waited for, and every call that would write fails.
  static base::Result<std::unique_ptr<Store>> open_reader(const Options& options);
  ~Store();
  /// The node that this store is opened for, and whose audit log is meant where none is named.
  const std::string& node() const;
  /// Whether other nodes may be in it, too.
  bool shared() const;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Runs several calls as one transaction on this thread: all of them stay, or, when work returns an error, none. The
  /// commit is synced. Nested calls join the outer one.
  base::Status transaction(const std::function<base::Status()>& work);

  /// How an outermost transaction ended.
  enum class Outcome {
    committed,
    undone,
    unknown,  ///< its commit failed at the disk: undone as far as one can see, but a crash may bring it back
  };
  /// Inside a transaction: called once the outermost one has ended, before any other thread gets its turn.
  void when_ended(std::function<void(Outcome)> told);

  /// Keeps other threads out while it lives, so that what depends on a commit can change together with it.
  using Turn = std::unique_lock<std::recursive_mutex>;
  Turn hold();

  // Resources. Every version is kept; names are unique within a kind.
  /// Inserts or updates; the same JSON again changes nothing. Returns the row as it now is. A new row has a new life;
  /// an update renews what the caller says, and all of it when the caller does not say.
  base::Result<ResourceRow> put_resource(std::string_view kind, std::string_view name, std::string_view json,
                                         base::Micros now_us, Renewal renewal = Renewal::life,
                                         std::string_view author = {});
  /// Something beside the JSON has changed that the row's incarnation must tell. No error when there is no such row:
  /// one that is made later is new anyway.
  base::Status renew_resource(std::string_view kind, std::string_view name, Renewal renewal);
  /// Errors: not_found.
  base::Result<ResourceRow> get_resource(std::string_view kind, std::string_view name);
  /// Of one kind, or of all when kind is empty; sorted by kind, then name.
  base::Result<std::vector<ResourceRow>> list_resources(std::string_view kind = {});
  /// Of one kind, by name: a page of them.
  base::Result<std::vector<ResourceRow>> list_resources(const ResourceFilter& filter);
  base::Result<std::int64_t> count_resources(std::string_view kind);
  /// Errors: not_found.
  base::Status delete_resource(std::string_view kind, std::string_view name, base::Micros now_us,
                               std::string_view author = {});
  /// Every version that ever was, oldest first; a deletion is a version without JSON.
  base::Result<std::vector<ResourceRow>> resource_history(std::string_view kind, std::string_view name);
  /// Grows with every change to any resource, so that a snapshot can be known to be stale.
  base::Result<std::int64_t> resources_revision();
  /// Makes it grow for something beside the resources that snapshots hold, too.
  base::Status note_change();

  // Credentials: password hashes, and secrets that the vault sealed.
  /// Inserts or replaces.
  base::Status put_credential(const CredentialRow& row);
  /// Errors: not_found.
  base::Result<CredentialRow> get_credential(const CredentialKey& key);
  /// Of one owner kind ("user", "account", "node", …), or all when empty.
  base::Result<std::vector<CredentialRow>> list_credentials(std::string_view owner_kind = {});
  /// Errors: not_found.
  base::Status delete_credential(const CredentialKey& key);
  /// Whatever credentials an owner has; none is no error.
  base::Status delete_credentials_of(std::string_view owner_kind, std::string_view owner_name);

  // Second factors of users.
  /// Inserts or replaces.
  base::Status put_factor(const FactorRow& row);
  /// Errors: not_found.
  base::Result<FactorRow> get_factor(std::string_view user, std::string_view type);
  /// Of all users, sorted.
  base::Result<std::vector<FactorRow>> list_factors();
  /// None is no error.
  base::Status delete_factors_of(std::string_view user);

  // Sign-ins to the portal.
  /// Errors: exists.
  base::Status insert_sign_in(const SignInRow& row);
  /// Errors: not_found.
  base::Result<SignInRow> get_sign_in(std::string_view token_hash);
  /// The newest first.
  base::Result<std::vector<SignInRow>> list_sign_ins(std::string_view user);
  /// When it was last used, and when its user last proved who they are. Errors: not_found, it was ended.
  base::Status touch_sign_in(std::string_view token_hash, base::Micros seen_us, base::Micros proved_us);
  /// Of this user; `id` empty: all of them. How many there were.
  base::Result<std::int64_t> delete_sign_ins(std::string_view user, std::string_view id);
  /// Those that have ended by themselves.
  base::Status delete_old_sign_ins(base::Micros now_us, base::Micros seen_before_us);

  // Sessions.
  /// Errors: exists.
  base::Status insert_session(const SessionRow& row);
  /// Writes every column of the row with this id. Errors: not_found.
  base::Status update_session(const SessionRow& row);
  /// Errors: not_found.
  base::Result<SessionRow> get_session(std::string_view id);
  /// Newest first.
  base::Result<std::vector<SessionRow>> list_sessions(const SessionFilter& filter);
  /// How many match, whatever the filter's cursor and limit.
  base::Result<std::int64_t> count_sessions(const SessionFilter& filter);

  // Requests for access.
  /// Errors: exists.
  base::Status insert_request(const RequestRow& row);
  /// Writes what changes in the life of a request. Errors: not_found.
  base::Status update_request(const RequestRow& row);
  /// Errors: not_found.
  base::Result<RequestRow> get_request(std::string_view id);
  /// Newest first.
  base::Result<std::vector<RequestRow>> list_requests(const RequestFilter& filter);
  /// Errors: exists (this voter has voted).
  base::Status insert_request_vote(const RequestVoteRow& row);
  /// In the order in which they were cast.
  base::Result<std::vector<RequestVoteRow>> list_request_votes(std::string_view request);

  // Changes that wait for a second administrator.
  /// Errors: exists.
  base::Status insert_change(const ChangeRow& row);
  /// Writes what changes in the life of a change, if its state is still this one. Errors: exists (it is another).
  base::Status update_change(const ChangeRow& row, std::string_view state_before);
  /// Errors: not_found.
  base::Result<ChangeRow> get_change(std::string_view id);
  /// Newest first.
  base::Result<std::vector<ChangeRow>> list_changes(const ChangeFilter& filter);
  // Invitations of outsiders.
  /// Errors: exists.
  base::Status insert_invitation(const InvitationRow& row);
  /// Writes what changes in the life of an invitation. Errors: not_found.
  base::Status update_invitation(const InvitationRow& row);
  /// Newest first.
  base::Result<std::vector<InvitationRow>> list_invitations(const InvitationFilter& filter);

  // The audit logs' rows: one log per node. src/audit makes and checks them; nothing else writes them. An empty node is
  // this one; rows are only ever added for this one.
  /// All or none, synced. Errors: exists (another writer took a sequence number).
  base::Status append_audit(std::span<const AuditRow> rows);
  /// Errors: not_found, when the log is empty.
  base::Result<AuditRow> last_audit(std::string_view node = {});
  /// In order of sequence.
  base::Result<std::vector<AuditRow>> list_audit(const AuditFilter& filter);
  /// Nodes that have a log, sorted.
  base::Result<std::vector<std::string>> list_audit_nodes();
  /// Errors: exists.
  base::Status append_audit_head(const AuditHeadRow& row);
  /// In order of sequence.
  base::Result<std::vector<AuditHeadRow>> list_audit_heads(std::string_view node = {});
  /// The one with the highest sequence. Errors: not_found.
  base::Result<AuditHeadRow> last_audit_head();

  // Settings.
  base::Status put_setting(std::string_view key, std::string_view value);
  /// Errors: not_found.
  base::Result<std::string> get_setting(std::string_view key);

 private:
  explicit Store(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace sallyport::store
