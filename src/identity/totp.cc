// SPDX-License-Identifier: Apache-2.0
// Judging and enrolment. A code and its time step are compared and noted in one serializable transaction, so of two
// gateways that see the same code at once, one takes it.
#include "identity/totp.h"

#include <algorithm>
#include <array>

#include "identity/hotp.h"
#include "identity/recovery_code.h"
#include "identity/typed_code.h"

namespace sallyport::identity {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Micros;
using base::Result;
using base::SecretBytes;
using base::Status;

namespace {

using Verdict = FactorAnswer::Verdict;

constexpr Micros kStepUs = 30'000'000;
constexpr std::int64_t kSkewSteps = 1;
constexpr std::size_t kSecretBytes = 20;  // as RFC 4226 §4 wants for HMAC-SHA-1
constexpr std::size_t kRecoveryCodes = 10;
// Types of the vault's secrets.
constexpr const char* kInUse = "totp";
constexpr const char* kWaiting = "totp-waiting";

store::CredentialKey recovery_key(std::string_view user, std::size_t number) {
  return {"user", std::string(user), "recovery-code-" + std::to_string(number)};
}

/// Which of the steps around now the code is of; -1 when of none. Compares with all of them, whichever is right.
Result<std::int64_t> step_of(ByteView secret, ByteView code, Micros now_us) {
  const std::int64_t now = now_us / kStepUs;
  std::int64_t found = -1;
  for (std::int64_t step = now - kSkewSteps; step <= now + kSkewSteps; ++step) {
    Result<SecretBytes> expected = hotp(secret, static_cast<std::uint64_t>(step), kTotpDigits);
    if (!expected) return pass(expected);
    if (base::equal_constant_time(expected->view(), code)) found = step;
  }
  return found;
}

/// How long no code is looked at. However far the clock was set back, it is no longer than the longest wait.
Micros wait_left(const store::FactorRow& row, Micros now_us) {
  return std::clamp<Micros>(row.wait_until_us - now_us, 0, wait_after(row.failures));
}

}  // namespace

Micros wait_after(std::int64_t failures) {
  Micros wait = failures < kFreeFailures ? 0 : kFirstWaitUs;
  for (std::int64_t more = kFreeFailures; more < failures && wait < kLongestWaitUs; ++more) wait *= 2;
  return std::min(wait, kLongestWaitUs);
}

Result<FactorAnswer> Totp::judge(std::string_view user, ByteView answer) {
  const TypedCode typed = read_code(answer);
  const Micros now_us = clock_.now_us();
  FactorAnswer out;
  const Status done = store_.transaction([&]() -> Status {
    out = {};  // of an earlier run
    Result<store::FactorRow> row = store_.get_factor(user, kTotpName);
    if (!row && row.error().code == Errc::not_found) {
      out.verdict = Verdict::not_enrolled;
      return {};
    }
    if (!row) return pass(row);
    if (out.wait_us = wait_left(*row, now_us); out.wait_us > 0) {
      out.verdict = Verdict::too_soon;
      return {};
    }
    Status judged;
    if (typed.kind == TypedCode::Kind::totp) judged = take_code(*row, typed.code.view(), out);
    if (typed.kind == TypedCode::Kind::recovery) judged = take_recovery_code(*row, typed.code.view(), out);
    if (!judged || out.verdict == Verdict::used) return judged;
    row->failures = out.verdict == Verdict::right ? 0 : row->failures + 1;
    out.wait_us = wait_after(row->failures);
    row->wait_until_us = now_us + out.wait_us;
    return store_.put_factor(*row);
  });
  if (!done) return fail(done.error().code, done.error().message);
  return out;
}

Status Totp::take_code(store::FactorRow& row, ByteView code, FactorAnswer& out) {
  Result<SecretBytes> secret = vault_.factor_secret(row.user, kInUse);
  if (!secret) return pass(secret);
  const Result<std::int64_t> step = step_of(secret->view(), code, clock_.now_us());
  if (!step) return fail(step.error().code, step.error().message);
  if (*step < 0) return {};
  if (*step <= row.last_step) {
    out.verdict = Verdict::used;
    return {};
  }
  row.last_step = *step;
  out.verdict = Verdict::right;
  out.by = kTotpName;
  return {};
}

Status Totp::take_recovery_code(const store::FactorRow& row, ByteView code, FactorAnswer& out) {
  std::optional<store::CredentialKey> found;
  for (std::size_t number = 0; number < kRecoveryCodes; ++number) {
    const store::CredentialKey key = recovery_key(row.user, number);
    Result<store::CredentialRow> kept = store_.get_credential(key);
    if (!kept && kept.error().code == Errc::not_found) continue;
    if (!kept) return pass(kept);
    if (is_recovery_code(kept->value, code)) found = key;
  }
  if (!found) return {};
  out.verdict = Verdict::right;
  out.by = "recovery-code";
  return store_.delete_credential(*found);
}

Result<bool> Totp::is_enrolled(std::string_view user, Present present) {
  const Result<store::FactorRow> row = store_.get_factor(user, kTotpName);
  if (row && present == Present::is_replaced) return true;
  if (row) return fail(Errc::exists, std::string(user) + " is enrolled for one-time codes already");
  if (row.error().code != Errc::not_found) return fail(row.error().code, row.error().message);
  return false;
}

Result<SecretBytes> Totp::begin(std::string_view user, Present present) {
  SecretBytes secret(kSecretBytes);
  random_.fill({secret.data(), secret.size()});
  const Status done = store_.transaction([&]() -> Status {
    if (auto enrolled = is_enrolled(user, present); !enrolled) return pass(enrolled);
    return vault_.set_factor_secret(user, kWaiting, secret.view());
  });
  if (!done) return fail(done.error().code, done.error().message);
  return secret;
}

Status Totp::confirm(std::string_view user, ByteView code, Present present) {
  const TypedCode typed = read_code(code);
  const Micros now_us = clock_.now_us();
  const store::CredentialKey waiting = vault::Vault::factor_key(user, kWaiting);
  return store_.transaction([&]() -> Status {
    auto enrolled = is_enrolled(user, present);
    if (!enrolled) return pass(enrolled);
    Result<store::CredentialRow> kept = store_.get_credential(waiting);
    if (!kept && kept.error().code == Errc::not_found) {
      return fail(Errc::not_found, "no enrolment of " + std::string(user) + " waits for a code: begin again");
    }
    if (!kept) return pass(kept);
    if (now_us - kept->updated_at_us > kEnrolmentUs || now_us < kept->updated_at_us) {
      return fail(Errc::timeout, "the enrolment of " + std::string(user) + " waited too long for a code: begin again");
    }
    Result<SecretBytes> secret = vault_.factor_secret(user, kWaiting);
    if (!secret) return pass(secret);
    Result<std::int64_t> step = -1;
    if (typed.kind == TypedCode::Kind::totp) step = step_of(secret->view(), typed.code.view(), now_us);
    if (!step) return pass(step);
    if (*step < 0) {
      return fail(
          Errc::denied,
          "that is no code of the new secret: look at the app's next code, and at the clocks of the gateway and "
          "of the device");
    }
    if (Status put = vault_.set_factor_secret(user, kInUse, secret->view()); !put) return put;
    if (Status gone = store_.delete_credential(waiting); !gone) return gone;
    if (Status put = store_.put_factor({std::string(user), std::string(kTotpName), now_us, *step, 0, 0}); !put) {
      return put;
    }
    if (!*enrolled) return store_.note_change();
    if (Status gone = delete_recovery_codes(user); !gone) return gone;
    return store_.renew_resource("user", user, store::Renewal::proofs);
  });
}

Result<std::vector<SecretBytes>> Totp::make_recovery_codes(std::string_view user) {
  std::vector<SecretBytes> codes;
  const Micros now_us = clock_.now_us();
  const Status done = store_.transaction([&]() -> Status {
    codes.clear();  // of an earlier run
    const Result<store::FactorRow> row = store_.get_factor(user, kTotpName);
    if (!row) return fail(row.error().code, row.error().message);
    for (std::size_t number = 0; number < kRecoveryCodes; ++number) {
      codes.push_back(make_recovery_code(random_));
      const std::string kept = hash_recovery_code(codes.back().view(), random_);
      if (Status put = store_.put_credential({recovery_key(user, number), 1, kept, now_us}); !put) return put;
    }
    return {};
  });
  if (!done) return fail(done.error().code, done.error().message);
  return codes;
}

Status Totp::delete_recovery_codes(std::string_view user) {
  for (std::size_t number = 0; number < kRecoveryCodes; ++number) {
    const Status gone = store_.delete_credential(recovery_key(user, number));
    if (!gone && gone.error().code != Errc::not_found) return gone;
  }
  return {};
}

Status Totp::remove(std::string_view user) {
  return store_.transaction([&]() -> Status {
    const Result<store::FactorRow> row = store_.get_factor(user, kTotpName);
    if (!row && row.error().code == Errc::not_found) {
      return fail(Errc::not_found, std::string(user) + " is not enrolled for one-time codes");
    }
    if (!row) return fail(row.error().code, row.error().message);
    if (Status gone = forget(user); !gone) return gone;
    return store_.renew_resource("user", user, store::Renewal::proofs);
  });
}

Status Totp::forget(std::string_view user) {
  return store_.transaction([&]() -> Status {
    if (Status gone = vault_.forget_factors(user); !gone) return gone;
    if (Status gone = delete_recovery_codes(user); !gone) return gone;
    return store_.delete_factors_of(user);
  });
}

Result<std::optional<Totp::Enrolment>> Totp::enrolment(std::string_view user) {
  std::optional<Enrolment> out;
  const Status done = store_.transaction([&]() -> Status {
    out.reset();
    const Result<store::FactorRow> row = store_.get_factor(user, kTotpName);
    if (!row) return row.error().code == Errc::not_found ? Status() : fail(row.error().code, row.error().message);
    out = Enrolment{row->enrolled_at_us, 0};
    for (std::size_t number = 0; number < kRecoveryCodes; ++number) {
      const Result<store::CredentialRow> kept = store_.get_credential(recovery_key(user, number));
      if (kept) ++out->recovery_codes;
      if (!kept && kept.error().code != Errc::not_found) return fail(kept.error().code, kept.error().message);
    }
    return {};
  });
  if (!done) return fail(done.error().code, done.error().message);
  return out;
}

}  // namespace sallyport::identity
