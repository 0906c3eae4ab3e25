// SPDX-License-Identifier: Apache-2.0
// Options of key lines.
#include "keys/authorized_line.h"

namespace sallyport::keys {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kNoTouch = "no-touch-required";
constexpr std::string_view kVerify = "verify-required";

/// False for a word that is no option, or stands there twice.
bool read_options(std::string_view list, TouchRule& out) {
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    const std::string_view word = list.substr(0, comma);
    if (word == kNoTouch && out.present) {
      out.present = false;
    } else if (word == kVerify && !out.verified) {
      out.verified = true;
    } else {
      return false;
    }
    if (more) list.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace

Result<LineOptions> split_line_options(std::string_view line) {
  LineOptions out;
  out.key_line = line;
  const std::string_view first = line.substr(0, line.find(' '));
  // What looks like no option at all is for the reader of key lines, whose error says what a line is.
  if (!first.starts_with(kNoTouch) && !first.starts_with(kVerify)) return out;
  const std::size_t key = line.find_first_not_of(' ', first.size());
  if (key == std::string_view::npos || !read_options(first, out.touch)) {
    return fail(Errc::invalid,
                "before a key may stand no-touch-required, verify-required, or both with a comma between; no other "
                "option is accepted");
  }
  out.key_line = line.substr(key);
  const auto type = key_type_from_name(out.key_line.substr(0, out.key_line.find(' ')));
  if (!type || !is_security_key(*type)) {
    return fail(Errc::invalid, std::string(first) + " is for keys of security keys alone, whose types begin with sk-");
  }
  return out;
}

Result<AuthorizedKey> parse_authorized_line(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin != std::string_view::npos) line.remove_prefix(begin);
  Result<LineOptions> options = split_line_options(line);
  if (!options) return pass(options);
  Result<PublicKey> key = PublicKey::parse_line(options->key_line);
  if (!key) return pass(key);
  return AuthorizedKey{std::move(*key), options->touch};
}

}  // namespace sallyport::keys
