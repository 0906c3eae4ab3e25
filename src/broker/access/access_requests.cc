// SPDX-License-Identifier: Apache-2.0
// Requests for access in the store.
#include "broker/access/access_requests.h"

#include <algorithm>

#include "base/escape.h"
#include "base/id.h"
#include "base/log.h"
#include "broker/access/request_rows.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using policy::AccessRequest;

namespace {

constexpr std::size_t kCodeLength = 8;
constexpr std::int64_t kMostLookedAt = 1000;  // of one user's approved requests, or of those that a code may mean

constexpr std::int64_t kMostAnHour = 200;  // requests of one user
constexpr base::Micros kHourUs = 3600 * base::Micros{1'000'000};
const std::vector<std::string> kOpenStates{"waiting", "approved"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return text;
}

const char* create_type(const AccessRequest& made) {
  return made.emergency ? "request.break_glass" : made.stated ? "request.state" : "request.create";
}

void add_and_forget_old(std::map<std::string, base::Micros>& times, const std::string& id, base::Micros now_us) {
  std::erase_if(times, [&](const auto& one) { return one.second < now_us - kHourUs; });
  times.insert_or_assign(id, now_us);
}

}  // namespace

std::string request_code(const std::string& id) {
  std::string out = id.size() > kCodeLength ? id.substr(id.size() - kCodeLength) : id;
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : static_cast<char>(c);
  });
  return out;
}

AccessRequests::Watch::Watch(AccessRequests& requests, std::string id, std::function<void()> changed)
    : requests_(requests) {
  const std::lock_guard lock(requests_.mutex_);
  where_ = requests_.watches_.emplace(requests_.watches_.end(), std::move(id), std::move(changed));
}

AccessRequests::Watch::~Watch() {
  const std::lock_guard lock(requests_.mutex_);
  requests_.watches_.erase(where_);
}

bool AccessRequests::was_ended(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ended_.contains(id);
}

void AccessRequests::remember_end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  add_and_forget_old(ended_, id, clock_.monotonic_us());
}

// A claim is remembered before it is committed: whoever ends the request on another node after that is seen to.
Result<std::vector<std::string>> AccessRequests::ended_elsewhere(std::set<std::string> live) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, when] : claimed_) live.insert(id);
    for (const auto& [id, when] : ended_) live.erase(id);
    owes_look_ = true;
  }
  std::vector<std::string> out;
  for (const std::string& id : live) {
    auto row = store_.get_request(id);
    if (!row && row.error().code != Errc::not_found) return base::pass(row);
    if (!row || row->state == policy::to_string(policy::RequestState::ended)) out.push_back(id);
  }
  for (const std::string& id : out) remember_end(id);
  const std::lock_guard lock(mutex_);
  owes_look_ = false;
  return out;
}

bool AccessRequests::owes_look() const {
  const std::lock_guard lock(mutex_);
  return owes_look_;
}

void AccessRequests::tell(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (const auto& [watched, changed] : watches_) {
    if (watched == id) changed();
  }
}

void AccessRequests::commit(std::function<Status(AccessRequest&)> work, Type type, Done done) {
  const auto out = std::make_shared<AccessRequest>();
  audit_.commit(
      [out, work = std::move(work)] {
        *out = {};
        return work(*out);
      },
      [this, out, type = std::move(type), done = std::move(done)](Status committed) {
        if (!committed) return done(base::pass(committed));
        tell(out->id);
        if (const char* written = type(*out); written != nullptr) announce(written, *out);
        done(std::move(*out));
      });
}

Status AccessRequests::note(const char* type, const std::string& actor, const AccessRequest& request,
                            std::vector<audit::Field> more, const std::string& session) {
  audit::Event event{type,
                     actor,
                     session,
                     {{"request", request.id},
                      {"user", request.requester},
                      {"account", request.account},
                      {"targets", request.targets},
                      {"state", std::string(policy::to_string(request.state))}}};
  if (policy::is_invitation(request)) event.fields.push_back({"sponsor", request.sponsor});
  for (audit::Field& field : more) event.fields.push_back(std::move(field));
  if (auto written = audit_.log().append(event); !written) return base::pass(written);
  return {};
}

void AccessRequests::create(RequestDraft draft, Done done) {
  const std::string id = base::make_id(clock_.now_us(), random_);
  if (draft.emergency) {
    done = [done = std::move(done)](Result<AccessRequest> made) {
      if (made) {
        base::log_warning("glass broken by " + made->requester + " for " + made->account + "@" + joined(made->targets) +
                          ", request " + request_code(made->id) + ": " + base::escape_for_terminal(made->reason));
      }
      done(std::move(made));
    };
  }
  // An earlier one may have been taken instead.
  auto type = [id](const AccessRequest& made) { return made.id == id ? create_type(made) : nullptr; };
  commit([this, draft = std::move(draft), id](AccessRequest& out) { return create_now(draft, id, out); },
         std::move(type), std::move(done));
}

Status AccessRequests::create_now(const RequestDraft& draft, const std::string& id, AccessRequest& out) {
  const base::Micros now = clock_.now_us();
  out.id = id;
  out.requester = draft.requester;
  out.requester_life = draft.requester_life;
  out.sponsor = draft.sponsor;
  out.account = draft.account;
  out.targets = draft.targets;
  out.reason = draft.reason;
  out.ticket = draft.ticket;
  out.created_us = now;
  out.decide_by_us = now + draft.decide_within_us;
  out.start_us = draft.start_us;
  out.valid_seconds = draft.valid_seconds;
  out.max_sessions = draft.max_sessions;
  out.bound = draft.bound;
  const auto state = policy_.current();
  for (std::size_t i = 0; i < out.targets.size(); ++i) {
    const std::string& target = out.targets[i];
    out.places.push_back({target, policy::meaning_of(state->resources, out.account, target),
                          i < draft.allowed.size() ? draft.allowed[i] : policy::Permissions()});
  }
  out.rules = draft.rules;
  if (Status good = policy::check_request(out); !good) return good;
  if (draft.emergency) {
    if (Status broken = policy::break_glass(out, now); !broken) return broken;
  } else if (out.rules.empty()) {
    if (Status stated = policy::state_reason(out, now); !stated) return stated;
  }
  auto lately = store_.list_requests({{}, out.requester, "", "", kMostAnHour});
  if (!lately) return base::pass(lately);
  if (lately->size() == static_cast<std::size_t>(kMostAnHour) && lately->back().created_us > now - kHourUs) {
    return fail(Errc::full, "you have made " + std::to_string(kMostAnHour) + " requests within an hour; wait");
  }
  auto waiting = store_.list_requests({{"waiting"}, out.requester, "", "", kMostLookedAt});
  if (!waiting) return base::pass(waiting);
  if (draft.joins) {
    for (const store::RequestRow& row : *waiting) {
      const bool same = row.requester_life == out.requester_life && row.account == out.account &&
                        row.targets == joined(out.targets) && row.rules == text_of(out.rules) && row.start_us == 0 &&
                        row.places == text_of(out.places);
      if (!same || row.decide_by_us <= now) continue;
      auto earlier = with_votes(store_, row);
      if (!earlier) return base::pass(earlier);
      out = std::move(*earlier);
      return {};
    }
  }
  const auto many = std::count_if(waiting->begin(), waiting->end(),
                                  [&](const store::RequestRow& row) { return row.decide_by_us > now; });
  if (many >= static_cast<std::ptrdiff_t>(kMostWaitingRequests)) {
    return fail(Errc::full, "you have " + std::to_string(many) +
                                " requests that wait for a decision; cancel some (sallyport request cancel ID)");
  }
  if (Status kept = store_.insert_request(row_of(out)); !kept) return kept;
  return note(create_type(out), draft.actor, out,
              {{"reason", out.reason},
               {"ticket", out.ticket},
               {"source", draft.source},
               {"valid_seconds", out.valid_seconds},
               {"commands_sha256", out.bound.commands},
               {"playbook_sha256", out.bound.playbook},
               {"rules", text_of(out.rules)}});
}

Result<AccessRequest> AccessRequests::with_votes(store::Store& store, const store::RequestRow& row) {
  auto out = request_of(row);
  if (!out) return out;
  auto votes = store.list_request_votes(row.id);
  if (!votes) return base::pass(votes);
  for (const store::RequestVoteRow& vote : *votes) {
    out->votes.push_back({vote.voter, vote.verdict == "approve", vote.at_us, vote.comment});
  }
  return out;
}

Result<AccessRequest> AccessRequests::find(store::Store& store, const std::string& name) {
  const std::string wanted = lower(name);
  if (base::is_id(wanted)) {
    auto row = store.get_request(wanted);
    if (!row && row.error().code == Errc::not_found) return unknown();
    if (!row) return base::pass(row);
    return with_votes(store, *row);
  }
  auto open = store.list_requests({kOpenStates, "", "", "", kMostLookedAt});
  if (!open) return base::pass(open);
  store::RequestFilter to_review;
  to_review.to_review = true;
  auto emergencies = store.list_requests(to_review);
  if (!emergencies) return base::pass(emergencies);
  for (store::RequestRow& row : *emergencies) {
    const bool listed = std::any_of(open->begin(), open->end(), [&](const auto& one) { return one.id == row.id; });
    if (!listed) open->push_back(std::move(row));
  }
  const store::RequestRow* found = nullptr;
  for (const store::RequestRow& row : *open) {
    if (wanted.size() != kCodeLength || !row.id.ends_with(wanted)) continue;
    if (found != nullptr) return fail(Errc::invalid, "several requests have this code; give the whole id");
    found = &row;
  }
  if (found == nullptr) return unknown();
  return with_votes(store, *found);
}

tl::unexpected<base::Error> AccessRequests::unknown() {
  return fail(Errc::not_found,
              "there is no request with this id, and no open one with this code, that is yours or for you to decide; "
              "see: sallyport request list");
}

Status AccessRequests::change(const std::string& name, const std::string& who,
                              const std::function<Status(AccessRequest&)>& how, AccessRequest& out) {
  const auto if_known = [&](AccessRequest& request) -> Status {
    if (!policy::has_part(policy_.current()->resources, request, who)) return unknown();
    return how(request);
  };
  return change(name, if_known, out);
}

Status AccessRequests::change(const std::string& name, const std::function<Status(AccessRequest&)>& how,
                              AccessRequest& out) {
  auto found = find(store_, name);
  if (!found) return base::pass(found);
  out = std::move(*found);
  if (Status changed = how(out); !changed) return changed;
  return store_.update_request(row_of(out));
}

void AccessRequests::vote(const std::string& name, const std::string& voter, bool approves, const std::string& comment,
                          const std::string& actor, Done done) {
  commit(
      [this, name, voter, approves, comment, actor](AccessRequest& out) -> Status {
        const policy::Vote vote{voter, approves, clock_.now_us(), comment};
        const auto cast = [&](AccessRequest& request) -> Status {
          if (Status good = policy::cast_vote(policy_.current()->resources, request, vote); !good) return good;
          return store_.insert_request_vote({request.id, voter, approves ? "approve" : "deny", vote.at_us, comment});
        };
        if (Status changed = change(name, voter, cast, out); !changed) return changed;
        return note(approves ? "request.approve" : "request.deny", actor, out, {{"by", voter}, {"comment", comment}});
      },
      [approves](const AccessRequest&) { return approves ? "request.approve" : "request.deny"; }, std::move(done));
}

void AccessRequests::close(const std::string& name, const std::string& user, const std::string& actor, Done done) {
  commit(
      [this, name, user, actor](AccessRequest& out) -> Status {
        const auto how = [&](AccessRequest& request) {
          return policy::close_request(policy_.current()->resources, request, user, clock_.now_us());
        };
        if (Status changed = change(name, user, how, out); !changed) return changed;
        const bool ended = out.state == policy::RequestState::ended;
        // Other nodes have sessions under it.
        if (Status noted = ended ? store_.note_change() : Status(); !noted) return noted;
        return note(ended ? "request.end" : "request.cancel", actor, out, {{"by", user}});
      },
      [](const AccessRequest& out) {
        return out.state == policy::RequestState::ended ? "request.end" : "request.cancel";
      },
      [this, done = std::move(done)](Result<AccessRequest> closed) {
        if (closed) remember_end(closed->id);
        done(std::move(closed));
      });
}

void AccessRequests::review(const std::string& name, const std::string& reviewer, const std::string& comment,
                            const std::string& actor, Done done) {
  commit(
      [this, name, reviewer, comment, actor](AccessRequest& out) -> Status {
        const auto how = [&](AccessRequest& request) {
          return policy::review_request(policy_.current()->resources, request, reviewer, comment, clock_.now_us());
        };
        if (Status changed = change(name, reviewer, how, out); !changed) return changed;
        return note("request.review", actor, out, {{"by", reviewer}, {"comment", comment}});
      },
      [](const AccessRequest&) { return "request.review"; }, std::move(done));
}

Status AccessRequests::expire() {
  store::RequestFilter filter;
  filter.states = {"waiting"};
  filter.decide_by_us = clock_.now_us();
  auto rows = store_.list_requests(filter);
  if (!rows) return base::pass(rows);
  for (const store::RequestRow& row : *rows) {
    commit(
        [this, id = row.id](AccessRequest& out) -> Status {
          const auto how = [&](AccessRequest& request) -> Status {
            const bool over = request.state == policy::RequestState::waiting && clock_.now_us() >= request.decide_by_us;
            if (!over) return fail(Errc::invalid, "somebody has decided it");
            request.state = policy::RequestState::expired;
            request.closed_us = request.decide_by_us;
            return {};
          };
          if (Status changed = change(id, how, out); !changed) return changed;
          return note("request.expire", "sallyport", out, {});
        },
        [](const AccessRequest&) { return "request.expire"; }, [](const Result<AccessRequest>&) {});
  }
  return {};
}

void AccessRequests::claim(Claim claim, std::function<void(Result<std::optional<AccessRequest>>)> done) {
  const auto out = std::make_shared<std::optional<AccessRequest>>();
  audit_.commit(
      [this, claim = std::move(claim), out] {
        out->reset();
        return claim_now(claim, *out);
      },
      [out, done = std::move(done)](Status committed) {
        if (!committed) return done(base::pass(committed));
        done(std::move(*out));
      });
}

Status AccessRequests::claim_now(const Claim& claim, std::optional<AccessRequest>& out) {
  auto rows = store_.list_requests({{"approved"}, claim.user, claim.account, "", kMostLookedAt});
  if (!rows) return base::pass(rows);
  auto state = policy_.current();
  for (const store::RequestRow& row : *rows) {
    if (row.sponsor.empty() != claim.invitation.empty() || (!claim.invitation.empty() && row.id != claim.invitation))
      continue;
    auto request = with_votes(store_, row);
    if (!request) return base::pass(request);
    const policy::Wanted wanted{claim.user, claim.life, claim.account, claim.target};
    if (!policy::check_grants(state->resources, *request, wanted, claim.rules, clock_.now_us())) continue;
    ++request->sessions_opened;
    if (Status kept = store_.update_request(row_of(*request)); !kept) return kept;
    out = std::move(*request);
    {
      const std::lock_guard lock(mutex_);
      add_and_forget_old(claimed_, out->id, clock_.monotonic_us());
    }
    return note("request.use", claim.user, *out, {{"sessions", out->sessions_opened}}, claim.session);
  }
  return {};
}

}  // namespace sallyport::broker
