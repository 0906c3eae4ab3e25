// SPDX-License-Identifier: Apache-2.0
// What is done about a request.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text_time.h"
#include "broker/api/operations.h"
#include "broker/web/watch_sink.h"
#include "broker/web/web_connection.h"
#include "broker/web/web_sink.h"
#include "net/socket.h"

namespace sallyport::broker {

namespace {

using Json = nlohmann::ordered_json;
using web::Own;
using web::Problem;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr const char* kJson = "application/json";
constexpr std::size_t kMostChoices = 5000;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json sign_in_json(const store::SignInRow& row, base::Micros seen_us, base::Micros proved_us) {
  return Json{{"id", row.id},
              {"method", row.method},
              {"source", row.source},
              {"agent", row.agent},
              {"created_at", base::to_rfc3339(row.created_us)},
              {"seen_at", base::to_rfc3339(seen_us)},
              {"proved_at", base::to_rfc3339(proved_us)},
              {"expires_at", base::to_rfc3339(row.expires_us)}};
}

// Which operations a caller may ask for: on everything, or on what is the caller's own.
Json operations_of(const api::Caller& caller) {
  Json out = Json::object();
  for (const api::Operation& one : api::kOperationTable) {
    if (caller.roles.any_of(one.roles)) {
      out[std::string(one.name)] = "all";
    } else if (caller.roles.any_of(one.own)) {
      out[std::string(one.name)] = "own";
    }
  }
  return out;
}

}  // namespace

std::string WebConnection::source_host() const {
  if (!by_proxy_ || !turn_ || turn_->asked.forwarded_for().empty()) return arrival_.source_host;
  auto address = net::parse_numeric(turn_->asked.forwarded_for() + ":0");
  if (!address) address = net::parse_numeric("[" + turn_->asked.forwarded_for() + "]:0");
  return address ? address->host() : arrival_.source_host;
}

api::Caller WebConnection::caller() const {
  api::Caller out;
  const std::string& user = bound_->row.user;
  out.actor = user;
  out.user = user;
  out.origin = {api::Way::portal, source_host()};
  for (const policy::Role role : policy::roles_of(services_.policy.current()->resources, user, {})) out.roles.add(role);
  out.renewed = [before = out](const policy::Snapshot& resources) {
    api::Caller now = before;
    now.roles = {};
    for (const policy::Role role : policy::roles_of(resources, now.user, {})) now.roles.add(role);
    return now;
  };
  out.proof_age_us = std::max<base::Micros>(0, services_.clock.now_us() - bound_->proved_us);
  return out;
}

// Called when a request's head was found good, when it is known who asks, and when its body is here.
void WebConnection::go_on() {
  const Own own = turn_->found.route->own;
  if (own != Own::sign_in && !turn_->allowed) return authenticate();
  if (own == Own::sign_in) turn_->allowed = true;
  if (!turn_->whole) return;
  switch (own) {
    case Own::no:
      return ask_api();
    case Own::sign_in:
      return sign_in(false);
    case Own::prove_again:
      return sign_in(true);
    case Own::who_am_i:
      return who_am_i(200);
    case Own::sign_out:
      return sign_out();
    case Own::list_sign_ins:
      return list_sign_ins();
    case Own::end_sign_in:
      return end_sign_in();
    case Own::my_targets:
      return my_targets();
    case Own::events:
      return events();
    case Own::recording_events:
      return view_recording(RecordingView::What::events);
    case Own::recording_proof:
      return view_recording(RecordingView::What::proof);
    case Own::connect:
      return connect();
  }
}

void WebConnection::ask_api() {
  const web::Route& route = *turn_->found.route;
  web::Inputs inputs(turn_->asked, std::move(*turn_->body), turn_->found.places);
  api::Request request = route.make(inputs);
  if (auto good = inputs.finish(); !good) return refuse(web::problem_of(good.error()));
  api::Caller who = caller();
  const api::Operation& operation = api::operation_of(request);
  const bool stale = operation.proof == api::Proof::fresh && who.proof_age_us > api::kFreshUs;
  if (stale && api::check_access({who.actor, who.roles, 0, who.origin, who.user}, operation)) {
    return refuse({403, "fresh-proof", "Prove again who you are, then repeat this.", 0});
  }
  turn_->answered = true;  // by the sink, from here on
  if (route.socket) {
    begin_stream();
    turn_->exchange =
        entrance_.begin(std::move(who), std::move(request), std::make_shared<web::WatchSink>(turn_->line));
    return;
  }
  turn_->exchange =
      entrance_.begin(std::move(who), std::move(request), std::make_shared<web::WebSink>(turn_->line, route.shape));
}

void WebConnection::sign_in(bool again) {
  if (failures_ >= services_.config.limits.auth_tries) {
    ipc::WebHead head;
    head.set_close(true);
    return refuse({429, "too-many-tries", "Too many tries on this connection. Wait a moment, then try again.", 2},
                  head);
  }
  web::Inputs inputs(turn_->asked, std::move(*turn_->body), {});
  web::SignInAttempt::Asked asked;
  if (again) asked.login = bound_->row.user;
  if (!again) asked.login = inputs.field("user", web::Inputs::Needed::yes);
  std::string password = inputs.field("password", web::Inputs::Needed::yes);
  std::string code = inputs.field("code");
  asked.password = base::SecretBytes(base::view(password));
  asked.code = base::SecretBytes(base::view(code));
  base::wipe(password.data(), password.size());
  base::wipe(code.data(), code.size());
  asked.source_host = source_host();
  asked.source = by_proxy_ ? asked.source_host : arrival_.source;
  if (auto good = inputs.finish(); !good) return refuse(web::problem_of(good.error()));
  turn_->attempt = std::make_shared<web::SignInAttempt>(
      web::SignInAttempt::Wiring{services_.config.auth, services_.policy, services_.preauth_audit, services_.user_audit,
                                 entrance_.passwords(), entrance_.codes()},
      thread_.loop(), std::move(asked),
      [this, again](const web::SignInAttempt::Outcome& outcome) { signed_in(outcome, again); });
  turn_->attempt->start();
}

void WebConnection::signed_in(const web::SignInAttempt::Outcome& outcome, bool again) {
  if (!outcome.good) {
    if (outcome.problem.status == 401 && outcome.problem.code != "code-due") ++failures_;
    return refuse(outcome.problem);
  }
  if (again) {
    if (SignIn::has_code(outcome.method)) bound_->code_proved_us = services_.clock.now_us();
    return entrance_.sign_ins().prove(bound_, back([](WebConnection& self, const base::Status& kept) {
                                        if (!kept) return self.refuse(web::problem_of(kept.error()));
                                        self.who_am_i(200);
                                      }));
  }
  SignIns::Facts facts{outcome.user, outcome.incarnation, outcome.method, source_host(), turn_->asked.user_agent()};
  entrance_.sign_ins().begin(std::move(facts), back([](WebConnection& self, const base::Result<SignIns::Begun>& begun) {
                               if (!begun) return self.refuse(web::problem_of(begun.error()));
                               ipc::WebHead head;
                               head.set_set_cookie(begun->token);
                               head.set_cookie_seconds(self.services_.config.portal.sign_in_seconds);
                               // A connection is one sign-in's, for good.
                               const SignInPtr before = self.bound_;
                               if (before) {
                                 head.set_close(true);
                                 self.bound_ = begun->sign_in;
                                 self.who_am_i(201, std::move(head));
                                 self.bound_ = before;
                               } else if (self.bind(begun->sign_in)) {
                                 self.who_am_i(201, std::move(head));
                               }
                             }));
}

void WebConnection::who_am_i(unsigned status, ipc::WebHead head) {
  const api::Caller who = caller();
  Json roles = Json::array();
  for (const policy::Role role :
       {policy::Role::user, policy::Role::approver, policy::Role::auditor, policy::Role::administrator}) {
    if (who.roles.has(role)) roles.push_back(policy::to_string(role));
  }
  const auto state = services_.policy.current();
  const bool fresh = who.proof_age_us <= api::kFreshUs;
  const Json out{{"user", who.user},
                 {"roles", std::move(roles)},
                 {"enrolled", state->is_enrolled(who.user)},
                 {"sign_in", sign_in_json(bound_->row, bound_->seen_us, bound_->proved_us)},
                 {"idle_seconds", services_.config.portal.idle_seconds},
                 {"fresh", fresh},
                 {"fresh_seconds", fresh ? (api::kFreshUs - who.proof_age_us) / kSecondUs : 0},
                 {"node", services_.config.node},
                 {"now", base::to_rfc3339(services_.clock.now_us())},
                 {"operations", operations_of(who)}};
  turn_->answered = true;
  web::send_whole(*turn_->line, status, kJson, text_of(out), std::move(head));
}

void WebConnection::sign_out() {
  const SignInPtr mine = bound_;
  services_.user_audit.write({"auth.sign-out", mine->row.user, "", {{"source", arrival_.source}, {"via", "portal"}}});
  entrance_.sign_ins().end(mine->row.user, mine->row.id,
                           back([](WebConnection& self, const base::Result<std::int64_t>& ended) {
                             if (!ended) return self.refuse(web::problem_of(ended.error()));
                             ipc::WebHead head;
                             head.set_clear_cookie(true);
                             head.set_close(true);
                             self.turn_->answered = true;
                             web::send_whole(*self.turn_->line, 204, "", "", std::move(head));
                             self.services_.logins.all_look_again();
                           }));
}

void WebConnection::list_sign_ins() {
  services_.reader_thread.post(
      [this, keep = shared_from_this(), user = bound_->row.user,
       answer = back([](WebConnection& self, const base::Result<std::vector<store::SignInRow>>& rows) {
         if (!rows) return self.refuse(web::problem_of(rows.error()));
         Json items = Json::array();
         for (const store::SignInRow& row : *rows) {
           Json one = sign_in_json(row, row.seen_us, row.proved_us);
           one["current"] = row.id == self.bound_->row.id;
           items.push_back(std::move(one));
         }
         self.turn_->answered = true;
         web::send_whole(*self.turn_->line, 200, kJson, text_of(Json{{"items", std::move(items)}}));
       })] { answer(entrance_.sign_ins().list(services_.reader, user)); });
}

void WebConnection::end_sign_in() {
  const std::string id = turn_->found.places.at(0);
  services_.user_audit.write(
      {"auth.sign-out", bound_->row.user, "", {{"source", arrival_.source}, {"via", "portal"}, {"sign_in", id}}});
  entrance_.sign_ins().end(bound_->row.user, id,
                           back([id](WebConnection& self, const base::Result<std::int64_t>& ended) {
                             if (!ended) return self.refuse(web::problem_of(ended.error()));
                             if (*ended == 0) return self.refuse({404, "not_found", "you have no sign-in " + id, 0});
                             self.turn_->answered = true;
                             web::send_whole(*self.turn_->line, 204, "", "");
                             self.services_.logins.all_look_again();
                           }));
}

// What the user may reach now, as the menu over SSH has it. A large inventory takes its time: not on this loop.
void WebConnection::my_targets() {
  services_.reader_thread.post([state = services_.policy.current(), user = bound_->row.user, source = source_host(),
                                now_us = services_.clock.now_us(), &entrance = entrance_,
                                answer = back([](WebConnection& self, const std::string& body) {
                                  self.turn_->answered = true;
                                  web::send_whole(*self.turn_->line, 200, kJson, body);
                                })] {
    Json items = Json::array();
    const auto choices = policy::choices(state->resources, user, {}, now_us, source);
    for (const policy::Choice& choice : choices) {
      if (items.size() >= kMostChoices) break;
      const policy::Target* target = state->resources.target(choice.target);
      if (target == nullptr) continue;
      Json labels = Json::object();
      for (const auto& [key, value] : target->labels) labels[key] = value;
      items.push_back(Json{{"target", choice.target},
                           {"account", choice.account},
                           {"protocol", policy::to_string(target->protocol)},
                           {"description", target->description},
                           {"labels", std::move(labels)}});
    }
    answer(text_of(Json{{"items", std::move(items)},
                        {"complete", choices.size() <= kMostChoices},
                        {"ssh", entrance.ssh_address()},
                        {"host_ca", entrance.host_ca()},
                        {"jump_suffix", entrance.services().config.ssh.jump_suffix}}));
  });
}

}  // namespace sallyport::broker
