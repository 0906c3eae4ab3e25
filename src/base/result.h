// SPDX-License-Identifier: Apache-2.0
// What an operation returns when a peer, a disk or a user can make it fail. Our own bugs abort instead.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace sallyport::base {

/// Why something failed, coarse enough for a caller to act on; the message is for people.
enum class Errc {
  invalid,      ///< malformed or out-of-range input
  not_found,    ///< no such thing
  denied,       ///< policy, permission or authentication says no
  exists,       ///< already there
  io,           ///< the operating system said no
  full,         ///< no space, or an explicit bound reached
  timeout,      ///< a deadline passed
  closed,       ///< the peer is gone
  unsupported,  ///< understood but not offered
  busy,         ///< try again later
  corrupt,      ///< stored data does not prove itself
  internal,     ///< a library failed in a way that has no better name
};

const char* to_string(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string message;
};

/// A value or an Error. [[nodiscard]] on the class: tl::expected alone is dropped without a warning.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  const std::string& message() const { return this->error().message; }
};

using Status = Result<void>;

/// return fail(Errc::invalid, "what happened and what to do");
inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// fail() with errno's text behind a prefix.
tl::unexpected<Error> fail_errno(const std::string& what);
tl::unexpected<Error> fail_errno(const std::string& what, int error);

/// Passes an error on unchanged: if (!r) return pass(r);
template <class T>
tl::unexpected<Error> pass(Result<T>& r) {
  return tl::unexpected<Error>(std::move(r).error());
}

}  // namespace sallyport::base
