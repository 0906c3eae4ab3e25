// SPDX-License-Identifier: Apache-2.0
// What steps change, in words and differences. A secret is said to be set, and nothing more.
#include <algorithm>

#include "broker/api/change_steps.h"

namespace sallyport::broker::api {
namespace {

using base::Result;
using What = ChangeStep::What;

constexpr std::size_t kMostTextBytes = 64 * 1024;  // the audit log keeps the beginning and a hash

// Errors: corrupt, when the version that the author saw is not in the history.
Result<std::string> seen_text(store::Store& store, const ChangeStep& step) {
  if (step.seen == 0) return std::string();
  auto rows = store.resource_history(step.kind, step.name);
  if (!rows) return base::pass(rows);
  const auto found =
      std::find_if(rows->begin(), rows->end(), [&](const store::ResourceRow& row) { return row.version == step.seen; });
  if (found != rows->end()) return found->json;
  return base::fail(base::Errc::corrupt, step.kind + " " + step.name + " has no version " + std::to_string(step.seen));
}

std::string quoted(const std::string& key_line) {
  std::string out = "\"";
  for (const char c : key_line) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

Result<std::vector<policy::Difference>> differences_of(store::Store& store, const ChangeStep& step) {
  switch (step.what) {
    case What::put:
    case What::remove: {
      auto before = seen_text(store, step);
      if (!before) return base::pass(before);
      return policy::differences(*before, step.text);
    }
    case What::add_key:
      return std::vector<policy::Difference>{{"public_keys", "", quoted(step.text)}};
    case What::password:
      return std::vector<policy::Difference>{{"password", "", "\"(a new one, which is not shown)\""}};
    case What::secret:
      return std::vector<policy::Difference>{{"secret", "", "\"(a new one, which is not shown)\""}};
    case What::remove_totp:
      return std::vector<policy::Difference>{{"one-time codes", "\"(enrolled)\"", ""}};
  }
  return std::vector<policy::Difference>{};
}

Result<std::string> differences_text(store::Store& store, const std::vector<ChangeStep>& steps) {
  std::string out;
  for (const ChangeStep& step : steps) {
    const auto changes = differences_of(store, step);
    if (!changes) return base::fail(changes.error().code, changes.message());
    for (const policy::Difference& one : *changes) {
      if (out.size() > kMostTextBytes) return out;
      out += step.kind + "/" + step.name + " " + one.path + ": " + (one.before.empty() ? "nothing" : one.before) +
             " -> " + (one.after.empty() ? "nothing" : one.after) + "\n";
    }
  }
  return out;
}

}  // namespace sallyport::broker::api
