// SPDX-License-Identifier: Apache-2.0
// Commands for Sallyport itself.
#include "policy/own_command.h"

#include <algorithm>

#include "base/escape.h"
#include "base/text_time.h"
#include "policy/resource.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr const char* kForms =
    "name a target (ssh USER@ACCOUNT@TARGET@gateway), or one of: requests, request ACCOUNT@TARGET [--for 2h] [--ticket "
    "T] "
    "REASON, approve REQUEST, deny REQUEST, cancel REQUEST, break-glass ACCOUNT@TARGET REASON, review REQUEST, resume "
    "SESSION, enroll-totp";
constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxCodeBytes = 64;

/// Takes words off the front of a text.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) { skip(); }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    skip();
    return word;
  }

 private:
  void skip() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.back() == ' ') rest_.remove_suffix(1);
  }
  std::string_view rest_;
};

bool is_id(std::string_view word) {
  return !word.empty() && word.size() <= kMaxIdBytes &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
             std::string_view::npos;
}

Result<OwnCommand> read_request(Words words, bool emergency) {
  RequestCommand out;
  out.emergency = emergency;
  const std::string_view place = words.next();
  const std::size_t at = std::min(place.find_first_of("@%+"), place.size());
  out.account = std::string(place.substr(0, at));
  out.target = std::string(place.substr(std::min(at + 1, place.size())));
  if (!is_name(out.account) || !is_name(out.target)) {
    return fail(Errc::invalid, "say what you ask for: request ACCOUNT@TARGET [--for 2h] [--ticket T] REASON");
  }
  while (words.rest().starts_with("--")) {
    const std::string_view option = words.next();
    const std::string_view value = words.next();
    if (option == "--for") {
      auto seconds = base::seconds_in(value);
      if (!seconds) return base::pass(seconds);
      out.valid_seconds = *seconds;
    } else if (option == "--ticket" && !value.empty()) {
      out.ticket = std::string(value);
    } else {
      return fail(Errc::invalid, "the options of a request are --for TIME and --ticket TICKET");
    }
  }
  out.reason = std::string(words.rest());
  return OwnCommand(std::move(out));
}

}  // namespace

Result<OwnCommand> parse_own_command(std::string_view text) {
  if (text.size() > kMaxOwnCommandBytes || !base::is_utf8(text)) return fail(Errc::invalid, kForms);
  Words words(text);
  const std::string_view verb = words.next();
  if (verb == "requests" && words.empty()) return OwnCommand(ListCommand{});
  if (verb == "request" || verb == "break-glass") return read_request(words, verb == "break-glass");
  if (verb == "enroll-totp") {
    const std::string code(words.next());
    if (!words.empty() || code.size() > kMaxCodeBytes) {
      return fail(Errc::invalid,
                  "enroll-totp shows the code to scan; enroll-totp CODE confirms it with the app's code");
    }
    return OwnCommand(EnrollCommand{code});
  }
  if (verb != "resume" && verb != "approve" && verb != "deny" && verb != "cancel" && verb != "review")
    return fail(Errc::invalid, kForms);
  const std::string id(words.next());
  if (!is_id(id)) return fail(Errc::invalid, std::string(verb) + " takes the id or the code that you were shown");
  const std::string rest(words.rest());
  if (verb == "approve" || verb == "deny") return OwnCommand(VoteCommand{id, verb == "approve", rest});
  if (verb == "review") return OwnCommand(ReviewCommand{id, rest});
  if (!rest.empty()) return fail(Errc::invalid, std::string(verb) + " takes one word");
  if (verb == "cancel") return OwnCommand(CancelCommand{id});
  return OwnCommand(ResumeCommand{id});
}

}  // namespace sallyport::policy
