// SPDX-License-Identifier: Apache-2.0
// Taking up an invitation: ssh invite@gateway. A key may be proved first; then the code is asked for, and without a key
// a new password. Everybody is answered alike until a code is right.
#include <utility>

#include "broker/ssh/authenticator.h"
#include "identity/password.h"
#include "ipc/ssh_front.pb.h"

namespace sallyport::broker {

namespace {
constexpr const char* kInteractive = "keyboard-interactive";
}  // namespace

// A second key is refused: an invitation is bound to one.
void Authenticator::invited(const ipc::AuthRequest& request, const Answer& answer) {
  if (request.has_keyboard_interactive()) return ask_invited(Asked::invitation, "", answer);
  refuse(request.method(), "an invitation is taken up with a key or the keyboard", answer);
}

void Authenticator::invited_key_is_proved(const keys::PublicKey& key, const Answer& answer) {
  taking_up_->key = key;
  // RFC 4252 §5.1: more is due.
  ipc::AuthReply reply;
  reply.mutable_failure()->add_methods(kInteractive);
  reply.mutable_failure()->set_partial(true);
  answer(reply, std::nullopt);
}

// RFC 4256 §3.2
void Authenticator::ask_invited(Asked what, const std::string& hint, const Answer& answer) {
  if (!may_ask()) return refuse(kInteractive, "too many questions", answer);
  ipc::AuthReply reply;
  auto* prompts = reply.mutable_prompts();
  if (!hint.empty()) prompts->set_instruction("Sallyport: " + hint);
  const auto add = [prompts](const char* text) { prompts->add_prompt()->set_text(text); };
  if (what == Asked::invitation) {
    add("Invitation code: ");
  } else {
    add("New password: ");
    add("The same again: ");
  }
  asked_ = what;
  answer(reply, std::nullopt);
}

void Authenticator::invitation_answers(Asked asked, const ipc::AuthAnswers& answers, Answer answer) {
  const int wanted = asked == Asked::invitation ? 1 : 2;
  if (answers.answers_size() != wanted) return refuse(kInteractive, "wrong number of answers", answer);
  const base::ByteView first = base::view(answers.answers(0));
  if (asked == Asked::invitation) return take_up(first, {}, std::move(answer));
  const base::ByteView again = base::view(answers.answers(1));
  if (!base::equal_constant_time(first, again)) return ask_invited(asked, "those were not the same.", answer);
  if (first.size() < identity::kMinPasswordBytes || first.size() > identity::kMaxPasswordBytes) {
    return ask_invited(asked,
                       "a password has " + std::to_string(identity::kMinPasswordBytes) + " to " +
                           std::to_string(identity::kMaxPasswordBytes) + " characters.",
                       answer);
  }
  const base::SecretBytes code(taking_up_->code.view());
  take_up(code.view(), first, std::move(answer));
}

// Without a key and a password the code is only looked at; it is used up together with what the invitation is bound to.
void Authenticator::take_up(base::ByteView code, base::ByteView password, Answer answer) {
  busy_ = true;
  InvitationDesk::Question question{source_share_, source_, code, {}, {}, password, {}, {}};
  if (taking_up_->key) {
    question.key_line = taking_up_->key->line();
    question.key_fingerprint = "publickey " + taking_up_->key->fingerprint();
  }
  auto kept = std::make_shared<base::SecretBytes>(code);
  auto done = [this, kept, answer = std::move(answer)](const InvitationDesk::Judged& judged) {
    busy_ = false;
    if (judged.verdict == InvitationDesk::Judged::Verdict::right && judged.user.empty()) {
      taking_up_->code = base::SecretBytes(kept->view());
      return ask_invited(Asked::new_password, "the code is right. Choose a password for yourself.", answer);
    }
    taken_up(judged, answer);
  };
  question.wanted = [alive = alive_] { return alive->load(); };
  question.done = [&loop = loop_, alive = alive_, done = std::move(done)](const InvitationDesk::Judged& judged) {
    loop.post([alive, done, judged] {
      if (*alive) done(judged);
    });
  };
  wiring_.invitations.judge(std::move(question));
}

void Authenticator::taken_up(const InvitationDesk::Judged& judged, const Answer& answer) {
  using Answered = InvitationDesk::Judged::Verdict;
  if (judged.verdict != Answered::right) {
    const bool wrong = judged.verdict == Answered::wrong;
    taking_up_->code.clear();
    return refuse("invitation", wrong ? "the code is not good" : "the code could not be checked", answer);
  }
  const bool by_key = taking_up_->key.has_value();
  const std::string method =
      (by_key ? "publickey " + taking_up_->key->fingerprint() : std::string("password")) + " and invitation";
  taking_up_.reset();
  login_->user = judged.user;
  wiring_.user_audit.write({"auth.success", judged.user, "", {{"method", method}, {"source", source_}}});
  ipc::AuthReply reply;
  reply.mutable_success()->set_needs_menu(true);
  reply.set_banner("Sallyport: this invitation is yours. From now on log in as '" + judged.user + "', with this " +
                   (by_key ? "key" : "password") + ".\n");
  answer(reply, Identity{judged.user, method, std::nullopt, wiring_.clock.monotonic_us(), judged.incarnation, {}});
}

}  // namespace sallyport::broker
