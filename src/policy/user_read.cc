// SPDX-License-Identifier: Apache-2.0
// A user from JSON. A new key means a line here and one in resource_write.cc.
#include "policy/user_read.h"

#include <limits>

#include "base/text_time.h"
#include "policy/address.h"
#include "policy/key_lines_read.h"
#include "policy/selector_read.h"

namespace sallyport::policy {

using base::Result;

namespace {

constexpr std::int64_t kMostSessions = 1'000'000;

// root needs no user, and is none.
bool is_local_account(std::string_view s) {
  return s != "root" && !s.empty() && s.size() <= 32 && s.front() != '-' &&
         s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

std::string read_email(JsonObject& in) {
  if (!in.has("email")) return in.take("email"), std::string();
  std::string out = in.required_string("email");
  if (in.ok() && !is_email(out)) {
    in.reject("email",
              "must be NAME@DOMAIN in lower case, each at most 64 of a-z 0-9 . _ -, such as alice@example.org");
  }
  return out;
}

std::string read_local_account(JsonObject& in) {
  if (!in.has("local_account")) return in.take("local_account"), std::string();
  std::string out = in.required_string("local_account");
  if (in.ok() && !is_local_account(out)) {
    in.reject("local_account", "must be the name of an account of the gateway's machine: 1 to 32 of a-z 0-9 . _ -");
  }
  return out;
}

std::vector<Role> read_roles(JsonObject& in) {
  std::vector<Role> out;
  for (const std::string& word : in.string_list("roles")) {
    Result<Role> role = role_from(word);
    if (!role) {
      in.reject("roles", role.message());
      break;
    }
    out.push_back(*role);
  }
  return out;
}

/// The type, and what only a service account has.
void read_type(JsonObject& in, User& out) {
  if (in.has("type")) {
    const std::string type = in.required_string("type");
    if (type == to_string(UserType::service)) {
      out.type = UserType::service;
    } else if (type != to_string(UserType::person)) {
      in.reject("type", "must be person or service");
    }
  } else {
    in.take("type");
  }
  out.sources = read_blocks(in, "sources");
  out.sessions = in.maybe_count("sessions", kMostSessions);
  if (out.type == UserType::service) {
    if (out.sources.empty()) {
      in.reject("sources",
                "is missing: a service account names the networks that it is used from, such as [10.20.0.0/16]");
    }
    return;
  }
  for (const char* key : {"sources", "sessions"}) {
    if (in.has(key)) in.reject(key, "is for users with type: service; for people, a policy says it");
  }
}

base::Micros read_time(JsonObject& in, std::string_view key) {
  const Result<base::Micros> at = base::from_rfc3339(in.required_string(key));
  if (at && *at > 0) return *at;
  in.reject(key, "must be a time such as 2026-03-01T08:00:00Z");
  return 0;
}

std::optional<Outsider> read_outsider(JsonObject& in) {
  if (!in.has("outsider")) return in.take("outsider"), std::nullopt;
  Outsider out;
  nested(in, "outsider", [&](JsonObject& o) {
    out.invitation = o.required_string("invitation");
    out.sponsor = o.required_string("sponsor");
    out.sponsor_life = o.maybe_count("sponsor_life", std::numeric_limits<std::int64_t>::max()).value_or(0);
    out.account = o.required_string("account");
    out.targets = o.name_list("targets", JsonObject::Every::refused);
    out.from_us = read_time(o, "from");
    out.until_us = read_time(o, "until");
    if (o.ok() && (!is_name(out.sponsor) || !is_name(out.account) || out.targets.empty())) {
      o.reject("sponsor", "must be a user's name, beside one account and its targets");
    }
    if (o.ok() && out.until_us <= out.from_us) o.reject("until", "must be later than from");
  });
  return out;
}

/// An outsider is nobody else: nothing but the invitation and what takes it up.
void check_outsider(JsonObject& in, const User& user) {
  const bool plain = user.groups.empty() && user.roles.empty() && user.local_account.empty() && user.email.empty() &&
                     !user.is_service();
  if (in.ok() && user.outsider && !plain) {
    in.reject("outsider", "is a person without groups, roles, e-mail address and local account");
  }
}

}  // namespace

User read_user(JsonObject& in, const KeyCheck& check_key) {
  User out;
  out.email = read_email(in);
  out.local_account = read_local_account(in);
  out.groups = in.name_list("groups", JsonObject::Every::refused);
  out.public_keys = read_key_lines(in, "public_keys", check_key, Before::options);
  out.roles = read_roles(in);
  out.disabled = in.optional_bool("disabled", false);
  read_type(in, out);
  out.outsider = read_outsider(in);
  check_outsider(in, out);
  return out;
}

}  // namespace sallyport::policy
