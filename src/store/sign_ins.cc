// SPDX-License-Identifier: Apache-2.0
// Who is signed in to the portal: credentials of the owner kind "sign-in", one by the hash of each token.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kOwner = "sign-in";
constexpr const char* kType = "portal";
constexpr std::size_t kTexts = 5;
constexpr std::size_t kNumbers = 6;
constexpr std::size_t kMostListed = 1000;

CredentialKey key_of(std::string_view token_hash) {
  return {kOwner, std::string(token_hash), kType};
}

// Words apart by blanks: texts in base64, since a browser's own name may hold anything, then numbers.
std::string to_value(const SignInRow& row) {
  std::string out;
  for (const std::string* text : {&row.id, &row.user, &row.method, &row.source, &row.agent}) {
    out += base::to_base64(base::view(*text)) + " ";
  }
  for (const std::int64_t number :
       {row.incarnation.life, row.incarnation.proofs, row.created_us, row.seen_us, row.proved_us, row.expires_us}) {
    out += std::to_string(number) + " ";
  }
  return out;
}

Result<SignInRow> from_row(const CredentialRow& stored) {
  const auto corrupt = [] { return fail(Errc::corrupt, "store: a sign-in is damaged"); };
  std::array<std::string, kTexts> texts;
  std::array<std::int64_t, kNumbers> numbers{};
  std::string_view rest = stored.value;
  for (std::size_t i = 0; i < kTexts + kNumbers; ++i) {
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return corrupt();
    const std::string_view word = rest.substr(0, blank);
    rest.remove_prefix(blank + 1);
    if (i < kTexts) {
      auto bytes = base::from_base64(word);
      if (!bytes) return corrupt();
      texts[i] = base::to_text(*bytes);
    } else if (std::from_chars(word.data(), word.data() + word.size(), numbers[i - kTexts]).ec != std::errc()) {
      return corrupt();
    }
  }
  SignInRow out;
  out.token_hash = stored.key.owner_name;
  out.id = texts[0];
  out.user = texts[1];
  out.method = texts[2];
  out.source = texts[3];
  out.agent = texts[4];
  out.incarnation = {numbers[0], numbers[1]};
  out.created_us = numbers[2];
  out.seen_us = numbers[3];
  out.proved_us = numbers[4];
  out.expires_us = numbers[5];
  return out;
}

}  // namespace

Status Store::insert_sign_in(const SignInRow& row) {
  return put_credential({key_of(row.token_hash), 1, to_value(row), row.created_us});
}

Result<SignInRow> Store::get_sign_in(std::string_view token_hash) {
  auto row = get_credential(key_of(token_hash));
  if (!row) return base::pass(row);
  return from_row(*row);
}

Result<std::vector<SignInRow>> Store::list_sign_ins(std::string_view user) {
  auto rows = list_credentials(kOwner);
  if (!rows) return base::pass(rows);
  std::vector<SignInRow> out;
  for (const CredentialRow& row : *rows) {
    auto one = from_row(row);
    if (one && (user.empty() || one->user == user)) out.push_back(std::move(*one));
  }
  // Ids begin with their time.
  std::sort(out.begin(), out.end(), [](const SignInRow& a, const SignInRow& b) { return a.id > b.id; });
  if (!user.empty() && out.size() > kMostListed) out.resize(kMostListed);
  return out;
}

Status Store::touch_sign_in(std::string_view token_hash, base::Micros seen_us, base::Micros proved_us) {
  return transaction([&]() -> Status {
    auto row = get_sign_in(token_hash);
    if (!row) return base::pass(row);
    row->seen_us = seen_us;
    row->proved_us = proved_us;
    return put_credential({key_of(token_hash), 1, to_value(*row), seen_us});
  });
}

Result<std::int64_t> Store::delete_sign_ins(std::string_view user, std::string_view id) {
  std::int64_t count = 0;
  Status done = transaction([&]() -> Status {
    count = 0;
    auto rows = list_sign_ins(user);
    if (!rows) return base::pass(rows);
    for (const SignInRow& row : *rows) {
      if (!id.empty() && row.id != id) continue;
      if (Status gone = delete_credential(key_of(row.token_hash)); !gone) return gone;
      ++count;
    }
    return {};
  });
  if (!done) return base::pass(done);
  return count;
}

Status Store::delete_old_sign_ins(base::Micros now_us, base::Micros seen_before_us) {
  return transaction([&]() -> Status {
    auto rows = list_sign_ins({});
    if (!rows) return base::pass(rows);
    for (const SignInRow& row : *rows) {
      if (row.expires_us > now_us && row.seen_us > seen_before_us) continue;
      if (Status gone = delete_credential(key_of(row.token_hash)); !gone) return gone;
    }
    return {};
  });
}

}  // namespace sallyport::store
