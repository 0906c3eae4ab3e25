// SPDX-License-Identifier: Apache-2.0
// What a request may be, and whose it is.
#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "broker/web/terminal_turn.h"
#include "broker/web/web_connection.h"
#include "broker/web/web_sink.h"

namespace sallyport::broker {

namespace {

using web::Own;
using web::Problem;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kEndedUs = kSecondUs;

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

// The front decoded it; what is no UTF-8 would break the JSON that quotes it.
bool is_clean(const ipc::WebRequest& asked) {
  bool clean = base::is_utf8(asked.user_agent()) && base::is_utf8(asked.if_match()) && base::is_utf8(asked.origin()) &&
               base::is_utf8(asked.host()) && base::is_utf8(asked.forwarded_for());
  for (const std::string& segment : asked.path()) clean = clean && base::is_utf8(segment);
  for (const auto& one : asked.query()) clean = clean && base::is_utf8(one.name()) && base::is_utf8(one.value());
  return clean;
}

}  // namespace

void WebConnection::refuse(const Problem& problem, ipc::WebHead head) {
  if (turn_->answered) return;
  turn_->answered = true;
  web::send_problem(*turn_->line, problem, std::move(head));
}

bool WebConnection::acceptable() {
  ipc::WebRequest& asked = turn_->asked;
  if (!is_clean(asked)) {
    link_->kill("a request that is no UTF-8");
    return false;
  }
  const std::string method = asked.method() == "HEAD" ? "GET" : asked.method();
  const bool known = asked.path_size() > 0 && asked.path(0) == "v1";
  const std::vector<std::string> segments(asked.path().begin() + (known ? 1 : 0), asked.path().end());
  if (known) turn_->found = web::find_route(method, segments);
  const web::Route* route = turn_->found.route;
  std::optional<Problem> problem;
  if (route == nullptr) {
    problem = turn_->found.path_known
                  ? Problem{405, "method-not-allowed", "there is no " + method + " of this", 0}
                  : Problem{404, "not-found", "there is nothing at this address; docs/openapi.yaml has all that is", 0};
  } else if (route->socket != asked.upgrade()) {
    problem = route->socket ? Problem{426, "upgrade-required", "this is a WebSocket", 0}
                            : Problem{400, "invalid", "this is no WebSocket", 0};
  } else if (asked.body_bytes() > route->max_body) {
    problem = Problem{413, "too-large", "the body is larger than this request may have", 0};
  } else if (asked.body_bytes() > 0 && asked.content_type().rfind("application/json", 0) != 0) {
    problem = Problem{415, "unsupported-media-type", "a body is application/json", 0};
  } else {
    problem = site_problem();
  }
  if (problem) refuse(*problem);
  return !problem;
}

// A page of another site can make a browser ask, with its user's cookie where SameSite fails. It cannot make it send
// this header, nor hide where the request comes from.
std::optional<Problem> WebConnection::site_problem() const {
  const ipc::WebRequest& asked = turn_->asked;
  const bool safe = is_safe(asked.method()) && !asked.upgrade();
  const Problem foreign{403, "foreign-site", "another site asked for this", 0};
  const bool same_origin = same_ignoring_case(asked.origin(), "https://" + asked.host());
  if (!asked.origin().empty() && !same_origin) return foreign;
  if (safe) return std::nullopt;
  if (asked.upgrade()) return same_origin ? std::nullopt : std::optional(foreign);
  if (!asked.fetch_site().empty() && asked.fetch_site() != "same-origin") return foreign;
  if (!asked.marked()) {
    return Problem{403, "unmarked", "a request that changes something has the header X-Sallyport: 1", 0};
  }
  return std::nullopt;
}

void WebConnection::authenticate() {
  const ipc::WebRequest& asked = turn_->asked;
  const Problem signed_out{401, "signed-out", "You are not signed in.", 0};
  if (asked.cookie().empty()) return refuse(signed_out);
  if (!bound_) {
    // Nothing of a stranger's body is taken: it waits in the front until it is known who sends it.
    link_->hold_reading(true);
    return entrance_.sign_ins().find(
        asked.cookie(), back([](WebConnection& self, const SignInPtr& found) { self.found_sign_in(found); }));
  }
  if (!SignIns::is_token_of(asked.cookie(), *bound_)) {
    // RFC 9110 section 15.5.20: a browser asks again, on another connection.
    ipc::WebHead head;
    head.set_close(true);
    return refuse({421, "another-sign-in", "this connection belongs to another sign-in: ask on a new one", 0}, head);
  }
  if (!entrance_.sign_ins().counts(*bound_)) {
    ipc::WebHead head;
    head.set_clear_cookie(true);
    head.set_close(true);
    return refuse({401, "signed-out", "Your sign-in has ended.", 0}, head);
  }
  turn_->allowed = true;
  entrance_.sign_ins().note_use(*bound_);
  if (turn_->whole) go_on();
}

void WebConnection::found_sign_in(const SignInPtr& sign_in) {
  link_->hold_reading(false);
  if (!sign_in) {
    ipc::WebHead head;
    head.set_clear_cookie(true);
    return refuse({401, "signed-out", "You are not signed in, or your sign-in has ended.", 0}, head);
  }
  if (!bind(sign_in)) return;
  turn_->allowed = true;
  entrance_.sign_ins().note_use(*bound_);
  if (turn_->whole) go_on();
}

// From here on it is a user's connection, and no stranger's.
bool WebConnection::bind(const SignInPtr& sign_in) {
  ipc::WebHead head;
  head.set_close(true);
  auto place = entrance_.users().enter(sign_in->row.user);
  auto descriptors = place ? entrance_.gateway().descriptors.take(kConnectionDescriptors) : nullptr;
  if (!descriptors) {
    refuse({503, "too-many-connections", "you have too many connections to the portal: close some of its windows", 2},
           head);
    return false;
  }
  place_ = std::move(place);
  descriptors_ = std::move(descriptors);
  arrival_.ticket.reset();
  deadline_.cancel();
  bound_ = sign_in;
  login_place_ = services_.logins.enter([weak = weak_from_this(), &loop = thread_.loop()] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->look_again();
    });
  });
  return true;
}

// A user was changed, or a sign-in was ended: what is under way for it ends too.
void WebConnection::look_again() {
  if (over_ || !bound_) return;
  if (!entrance_.sign_ins().counts(*bound_)) return sign_in_ended();
  if (turn_ && turn_->view) turn_->view->look_again();
  if (terminal_) terminal_->review();
}

void WebConnection::sign_in_ended() {
  if (terminal_) terminal_->sign_in_ended();
  say_goodbye(kEndedUs);
}

}  // namespace sallyport::broker
