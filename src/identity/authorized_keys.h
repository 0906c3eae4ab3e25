// SPDX-License-Identifier: Apache-2.0
// Which public keys are a user's. Trusted side, pure. A match says nothing about possession: that takes a signature.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "keys/authorized_line.h"

namespace sallyport::identity {

/// A user's keys, parsed once and looked up in a time that depends on their number alone, not on which one matches.
class AuthorizedKeys {
 public:
  /// From lines "[OPTIONS] TYPE BASE64 [COMMENT]" (keys/authorized_line.h). Errors: invalid, naming the line by its
  /// position.
  static base::Result<AuthorizedKeys> parse(const std::vector<std::string>& lines);

  /// For users that do not exist: costs what one key costs, and matches none.
  static AuthorizedKeys none();

  /// The key whose blob this is, if it is one of them. Where several lines name it, what any of them demands of a
  /// signature is demanded.
  std::optional<keys::AuthorizedKey> find(base::ByteView blob) const;

  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<keys::AuthorizedKey> keys_;
};

}  // namespace sallyport::identity
