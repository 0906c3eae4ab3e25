// SPDX-License-Identifier: Apache-2.0
// Tokens and their hashes.
#include "broker/access/sign_ins.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "base/id.h"
#include "base/log.h"

namespace sallyport::broker {

namespace {

constexpr std::size_t kTokenBytes = 32;

std::string to_token(base::ByteView bytes) {
  std::string out = base::to_base64(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

// What is hashed has 256 random bits: no salt, and nothing slow, would add to it.
std::string hash_of(std::string_view token) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(token.data()), token.size());
  return base::to_hex(digest);
}

bool looks_like_token(std::string_view token) {
  return token.size() == 43;
}

}  // namespace

void SignIns::begin(Facts facts, std::function<void(base::Result<Begun>)> done) {
  const base::Micros now_us = wiring_.clock.now_us();
  std::string token = to_token(wiring_.random.bytes(kTokenBytes));
  store::SignInRow row;
  row.token_hash = hash_of(token);
  row.id = base::make_id(now_us, wiring_.random);
  row.user = std::move(facts.user);
  row.incarnation = facts.incarnation;
  row.method = std::move(facts.method);
  row.source = std::move(facts.source);
  row.agent = std::move(facts.agent);
  row.created_us = row.seen_us = row.proved_us = now_us;
  row.expires_us = now_us + wiring_.life_us;
  wiring_.store_thread.post([this, row = std::move(row), token = std::move(token), done = std::move(done)]() mutable {
    make_room(row.user);
    if (auto stored = wiring_.store.insert_sign_in(row); !stored) return done(base::pass(stored));
    done(Begun{std::move(token), keep(std::move(row))});
  });
}

void SignIns::make_room(const std::string& user) {
  auto rows = wiring_.store.list_sign_ins(user);
  if (!rows || rows->size() < kMostOfUser) return;
  for (std::size_t i = kMostOfUser - 1; i < rows->size(); ++i) {
    if (auto gone = wiring_.store.delete_sign_ins(user, (*rows)[i].id); gone) forget(user, (*rows)[i].id);
  }
}

void SignIns::find(std::string_view token, std::function<void(SignInPtr)> done) {
  if (!looks_like_token(token)) return done(nullptr);
  std::string hash = hash_of(token);
  if (SignInPtr known = kept(hash)) return done(counts(*known) ? known : nullptr);
  wiring_.reader_thread.post([this, hash = std::move(hash), done = std::move(done)] {
    auto row = wiring_.reader.get_sign_in(hash);
    if (!row) return done(nullptr);
    SignInPtr found = keep(std::move(*row));
    done(counts(*found) ? found : nullptr);
  });
}

bool SignIns::is_token_of(std::string_view token, const SignIn& sign_in) {
  const std::string hash = hash_of(token);
  return base::equal_constant_time(base::view(hash), base::view(sign_in.row.token_hash));
}

bool SignIns::counts(const SignIn& sign_in) const {
  const base::Micros now_us = wiring_.clock.now_us();
  if (sign_in.ended || now_us >= sign_in.row.expires_us || now_us - sign_in.seen_us >= wiring_.idle_us) return false;
  return wiring_.policy.current()->counts(sign_in.row.user, sign_in.row.incarnation);
}

void SignIns::prove(const SignInPtr& sign_in, std::function<void(base::Status)> done) {
  const base::Micros now_us = wiring_.clock.now_us();
  wiring_.store_thread.post([this, sign_in, now_us, done = std::move(done)] {
    auto kept = wiring_.store.touch_sign_in(sign_in->row.token_hash, now_us, now_us);
    if (kept) sign_in->proved_us = now_us;
    done(std::move(kept));
  });
}

base::Result<std::vector<store::SignInRow>> SignIns::list(store::Store& store, const std::string& user) const {
  auto rows = store.list_sign_ins(user);
  if (!rows) return rows;
  std::vector<store::SignInRow> out;
  for (store::SignInRow& row : *rows) {
    if (const SignInPtr known = kept(row.token_hash)) {
      row.seen_us = known->seen_us;
      row.proved_us = known->proved_us;
    }
    if (counts(SignIn(row))) out.push_back(std::move(row));
  }
  return out;
}

void SignIns::end(const std::string& user, const std::string& id,
                  std::function<void(base::Result<std::int64_t>)> done) {
  wiring_.store_thread.post([this, user, id, done = std::move(done)] {
    auto gone = wiring_.store.delete_sign_ins(user, id);
    if (gone) forget(user, id);
    done(std::move(gone));
  });
}

SignInPtr SignIns::kept(const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(hash);
  return found == kept_.end() ? nullptr : found->second;
}

SignInPtr SignIns::keep(store::SignInRow row) {
  const std::lock_guard lock(mutex_);
  // Any of those that no connection holds: they are found again in the store.
  if (kept_.size() >= kMostKept) std::erase_if(kept_, [](const auto& one) { return one.second.use_count() == 1; });
  auto& place = kept_[row.token_hash];
  if (!place) place = std::make_shared<SignIn>(std::move(row));
  return place;
}

void SignIns::forget(const std::string& user, const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [&](const auto& one) {
    const bool gone = one.second->row.user == user && (id.empty() || one.second->row.id == id);
    if (gone) one.second->ended = true;
    return gone;
  });
}

void SignIns::keep_times() {
  std::vector<SignInPtr> used;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(kept_, [this](const auto& one) { return one.second.use_count() == 1 && !counts(*one.second); });
    for (const auto& [hash, one] : kept_) used.push_back(one);
  }
  const base::Micros now_us = wiring_.clock.now_us();
  wiring_.store_thread.post([this, used = std::move(used), now_us] {
    for (const SignInPtr& one : used) {
      const base::Micros seen_us = one->seen_us;
      const bool unchanged = one->kept_us == seen_us;
      // One that another node ended is gone from the store: here it ends now.
      auto kept =
          unchanged ? base::Status() : wiring_.store.touch_sign_in(one->row.token_hash, seen_us, one->proved_us);
      if (unchanged) {
        auto row = wiring_.store.get_sign_in(one->row.token_hash);
        if (!row) kept = base::fail(row.error().code, row.error().message);
      }
      if (kept) one->kept_us = seen_us;
      if (!kept && kept.error().code == base::Errc::not_found) forget(one->row.user, one->row.id);
    }
    auto gone = wiring_.store.delete_old_sign_ins(now_us, now_us - wiring_.idle_us);
    if (!gone) base::log_warning("old sign-ins stay in the store: " + gone.message());
  });
}

}  // namespace sallyport::broker
