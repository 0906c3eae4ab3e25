// SPDX-License-Identifier: Apache-2.0
// Judges who a connection's user is: a key or a password first, then a one-time code where the user is enrolled.
// Trusted side, on a session loop; slow work goes to the hashing thread. Until the first is right, unknown users,
// disabled ones and those who are not enrolled must look like all others in every answer and in its time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "broker/access/code_judge.h"
#include "broker/access/identity.h"
#include "broker/access/invitation_desk.h"
#include "broker/access/password_judge.h"
#include "broker/access/policy_state.h"
#include "broker/access/proof_again.h"
#include "broker/access/remembered_factors.h"
#include "broker/intake/preauth_audit.h"
#include "broker/node/user_audit.h"
#include "config/config.h"
#include "keys/public_key.h"
#include "net/loop.h"
#include "policy/address.h"

namespace sallyport::ipc {
class AuthAnswers;
class AuthReply;
class AuthRequest;
}  // namespace sallyport::ipc

namespace sallyport::broker {

class Authenticator : public PasswordCheck {
 public:
  /// What it asks and tells; all of it outlives the authenticator.
  struct Wiring {
    const config::Limits& limits;
    const base::Clock& clock;
    const PolicyHolder& policy;
    PreauthAudit& preauth_audit;
    UserAudit& user_audit;
    PasswordJudge& passwords;
    CodeJudge& codes;
    RememberedFactors& remembered;
    InvitationDesk& invitations;
  };
  using Answer = std::function<void(const ipc::AuthReply&, std::optional<Identity>)>;

  /// source as "address:port", source_host as "address".
  Authenticator(const Wiring& wiring, net::Loop& loop, std::string source, const std::string& source_host);
  ~Authenticator() override;

  /// One USERAUTH_REQUEST. answer() is called once, on the loop, not after destruction; with an identity on success.
  /// A request while another is being judged, or after all tries were used up, is a fault of the worker: false.
  bool request(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key, Answer answer);
  /// The answers to Prompts. False when none were asked for, or as request().
  bool answers(const ipc::AuthAnswers& answers, Answer answer);

  /// A key or a password was right, and a code is due; or an invitation's code was right, and a new password is due.
  bool awaits_code() const { return first_.has_value() || (taking_up_ && !taking_up_->code.empty()); }

  /// The inner leg of a jump: the outer one's login stands for the key or the password, and a code is due. To be called
  /// before each request of such a leg.
  void inherit(const Identity& outer, const std::string& raw_user);

  /// For a suspended session.
  void check_again(const std::string& user, base::ByteView password, std::function<void(const Judged&)> done) override {
    again_.check_again(user, password, std::move(done));
  }
  void check_code(const std::string& user, base::ByteView code, std::function<void(const Judged&)> done) override {
    again_.check_code(user, code, std::move(done));
  }

 private:
  void public_key(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key, Answer answer);
  void judge(const std::string& user, base::ByteView password, std::function<void(const Judged&)> done);
  void password(base::ByteView password, const std::string& method, Answer answer);
  bool exhausted() const;
  void refuse(const std::string& method, const std::string& why, const Answer& answer,
              const std::vector<audit::Field>& about = {});
  bool may_ask();

  /// What was proved first.
  struct FirstProof {
    std::string method;
    RememberedFactors::Login login;
    store::Incarnation incarnation = {};
    std::shared_ptr<const CertificateLogin> certificate = {};
  };
  enum class Asked { nothing, password, code, invitation, new_password };
  /// Somebody logs in as kInviteLogin: what was shown so far.
  struct TakingUp {
    std::optional<keys::PublicKey> key;  // whose private key was proved
    base::SecretBytes code;              // once it was right
  };

  void first_is_right(FirstProof first, const Answer& answer);
  Identity identity_of(const FirstProof& first) const;
  std::optional<ProvedFactor> remembered_proof(const FirstProof& first) const;
  void ask(Asked what, const Answer& answer);
  void code(base::ByteView code, Answer answer);
  void code_judged(const CodeJudge::Judged& judged, const Answer& answer);
  // Invitations (authenticator_invitation.cc)
  void invited(const ipc::AuthRequest& request, const Answer& answer);
  void invited_key_is_proved(const keys::PublicKey& key, const Answer& answer);
  void ask_invited(Asked what, const std::string& hint, const Answer& answer);
  void invitation_answers(Asked asked, const ipc::AuthAnswers& answers, Answer answer);
  void take_up(base::ByteView code, base::ByteView password, Answer answer);
  void taken_up(const InvitationDesk::Judged& judged, const Answer& answer);
  void accept(const FirstProof& first, const std::string& method, std::vector<ProvedFactor> factors,
              const Answer& answer);

  const Wiring wiring_;
  net::Loop& loop_;
  const std::string source_;
  const std::string source_host_;
  const std::string source_share_;  ///< whose share of what strangers may cost
  ProofAgain again_;
  std::string raw_user_;
  std::optional<policy::LoginName> login_;  // empty when the name is malformed: fails like any other
  std::string login_problem_;               // why it is empty, for the audit log
  bool busy_ = false;
  Asked asked_ = Asked::nothing;
  std::optional<TakingUp> taking_up_;
  std::optional<FirstProof> first_;  // once it was right, until the code is
  std::string hint_;                 // why the last code did not do
  unsigned nones_ = 0;
  unsigned questions_ = 0;  // key queries that were answered with a yes, and prompts
  unsigned failures_ = 0;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace sallyport::broker
