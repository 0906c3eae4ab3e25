// SPDX-License-Identifier: Apache-2.0
// Sources of the master key that are no file of ours: a passphrase, a systemd credential.
#include "vault/master_key.h"

#include <sodium.h>

#include "base/fd.h"
#include "vault/key_file.h"

namespace sallyport::vault {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;

namespace {

constexpr std::size_t kMaxMemoryBytes = std::size_t{4} << 30;
constexpr unsigned long long kMaxPasses = 64;

bool reasonable(const PassphraseParameters& p) {
  return p.passes >= 1 && p.passes <= kMaxPasses && p.memory_bytes >= crypto_pwhash_MEMLIMIT_MIN &&
         p.memory_bytes <= kMaxMemoryBytes && p.salt.size() == crypto_pwhash_SALTBYTES;
}

/// Digits up to the next ':', which is taken off too.
Result<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t end = text.find(':');
  if (end == std::string_view::npos || end == 0 || end > 15) return fail(Errc::invalid, "no number");
  std::uint64_t out = 0;
  for (const char c : text.substr(0, end)) {
    if (c < '0' || c > '9') return fail(Errc::invalid, "no number");
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  text.remove_prefix(end + 1);
  return out;
}

}  // namespace

MasterKeySource MasterKeySource::from_file(std::string path) {
  MasterKeySource out;
  out.kind = Kind::file;
  out.path = std::move(path);
  return out;
}

MasterKeySource MasterKeySource::from_passphrase(SecretBytes passphrase) {
  MasterKeySource out;
  out.kind = Kind::passphrase;
  out.passphrase = std::move(passphrase);
  return out;
}

MasterKeySource MasterKeySource::from_systemd(std::string credentials_directory) {
  MasterKeySource out;
  out.kind = Kind::systemd_credential;
  out.credentials_directory = std::move(credentials_directory);
  return out;
}

base::Status check_new_passphrase(ByteView passphrase) {
  if (passphrase.size() >= kMinPassphraseBytes) return {};
  return fail(Errc::invalid, "master key: choose a passphrase of at least " + std::to_string(kMinPassphraseBytes) +
                                 " characters: whoever has the store may guess as long as he likes");
}

Result<SecretBytes> derive_key(ByteView passphrase, const PassphraseParameters& parameters) {
  if (passphrase.empty()) return fail(Errc::invalid, "master key: the passphrase is empty");
  if (!reasonable(parameters)) return fail(Errc::invalid, "master key: the passphrase's cost is out of reason");
  SecretBytes key(kMasterKeyBytes);
  if (crypto_pwhash(key.data(), key.size(), reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
                    parameters.salt.data(), parameters.passes, parameters.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::internal, "master key: not enough memory to derive the key from the passphrase: it takes " +
                                    std::to_string(parameters.memory_bytes >> 20) + " MiB");
  }
  return key;
}

std::string to_text(const PassphraseParameters& parameters) {
  return "argon2id:" + std::to_string(parameters.passes) + ":" + std::to_string(parameters.memory_bytes) + ":" +
         base::to_base64(parameters.salt);
}

Result<PassphraseParameters> passphrase_parameters_from(std::string_view text) {
  constexpr std::string_view kPrefix = "argon2id:";
  PassphraseParameters out;
  bool good = text.starts_with(kPrefix);
  if (good) {
    text.remove_prefix(kPrefix.size());
    const Result<std::uint64_t> passes = take_number(text);
    const Result<std::uint64_t> memory = passes ? take_number(text) : passes;
    Result<Bytes> salt = base::from_base64(text);
    good = passes && memory && salt;
    if (good) {
      out.passes = *passes;
      out.memory_bytes = *memory;
      out.salt = std::move(*salt);
    }
  }
  if (!good || !reasonable(out)) return fail(Errc::invalid, "master key: the stored passphrase parameters are damaged");
  return out;
}

Result<SecretBytes> read_credential(const std::string& credentials_directory) {
  if (credentials_directory.empty()) {
    return fail(Errc::not_found,
                std::string("master key: there is no $CREDENTIALS_DIRECTORY; the unit needs LoadCredential= or "
                            "LoadCredentialEncrypted= for ") +
                    kMasterKeyCredential);
  }
  const std::string path = credentials_directory + "/" + kMasterKeyCredential;
  Result<Bytes> text = base::read_file(path, 4096);
  if (!text) return fail(text.error().code, "master key: " + text.message());
  Result<SecretBytes> key = parse_key(*text);
  base::wipe(text->data(), text->size());
  if (!key) return fail(Errc::invalid, "master key: the credential " + path + ": " + key.message());
  return key;
}

}  // namespace sallyport::vault
