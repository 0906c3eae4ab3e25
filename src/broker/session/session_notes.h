// SPDX-License-Identifier: Apache-2.0
// What the audit log and the record say of one session: every event in its own words. Trusted side, on a session loop.
// It decides nothing, and no secret comes near it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "broker/node/audit_sink.h"
#include "broker/session/judgement.h"
#include "broker/session/session_parts.h"
#include "store/rows.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::broker {

class SessionNotes {
 public:
  /// user_audit: for what the user can cause at will. parts outlive it.
  SessionNotes(SessionParts& parts, std::string node, AuditSink& audit, AuditSink& user_audit)
      : parts_(parts), node_(std::move(node)), audit_(audit), user_audit_(user_audit) {}

  /// An event of the broker's own. False: there is no record, or it failed.
  bool record(const event::Event& event);

  /// There is no session, or none any more: reason is a word, detail the whole truth.
  void denied(const std::string& reason, const std::string& detail);
  /// The grant ended while the session lived, or lost something.
  void revoked(const std::string& reason, const std::string& detail);
  void restricted(policy::Permissions permissions, const policy::Limits& limits);
  /// The user, or what proves the user, was changed: the session goes on, and begins nothing new.
  void barred_from_new();
  audit::Event start() const;
  store::SessionRow row() const;
  /// The first event of the record.
  void record_begins();
  /// False: the record failed, and the audit log does not have it.
  bool login(const LoginFacts& facts);
  /// text is what the user is told. False: the record failed.
  bool warning(const std::string& text);
  /// An act on the session.
  void control(const std::string& action, const std::string& actor, const std::string& text);
  /// Of whoever wants a suspended session to go on. method: "password" or "totp".
  void wrong_proof(const std::string& method);
  void refused(const Judgement& judgement);
  /// worker: "front", "back" or "inspector".
  void worker_fault(const std::string& worker, const std::string& fault);
  /// It ended before the session did.
  void inspector_gone(const std::string& reason);
  audit::Event end(const std::string& reason) const;

 private:
  void add_invitation(audit::Event& event) const;

  SessionParts& parts_;
  const std::string node_;
  AuditSink& audit_;
  AuditSink& user_audit_;
};

}  // namespace sallyport::broker
