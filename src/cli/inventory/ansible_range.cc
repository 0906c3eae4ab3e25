// SPDX-License-Identifier: Apache-2.0
// Ranges in host names: "web[01:20]", "db-[a:f]", "n[0:10:5]".
#include <algorithm>

#include "cli/inventory/ansible.h"

namespace sallyport::cli::inventory {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxDigits = 8;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= kMaxDigits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_letter(std::string_view text) {
  return text.size() == 1 && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
}

tl::unexpected<base::Error> no_range(std::string_view text) {
  return fail(Errc::invalid, "'[" + printable(text) + "]' is no range such as [01:20] or [a:f]");
}

// What stands between the brackets, one by one.
Result<std::vector<std::string>> items_of(std::string_view range, std::size_t max) {
  const std::size_t first = range.find(':');
  if (first == std::string_view::npos) return no_range(range);
  const std::size_t second = range.find(':', first + 1);
  const std::string_view from = range.substr(0, first);
  const std::string_view to = range.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
  std::size_t step = 1;
  if (second != std::string_view::npos) {
    if (!is_number(range.substr(second + 1))) return no_range(range);
    step = std::stoul(std::string(range.substr(second + 1)));
  }
  const bool numbers = (from.empty() || is_number(from)) && is_number(to);
  if (step == 0 || (!numbers && !(is_letter(from) && is_letter(to)))) return no_range(range);
  const std::size_t width = from.size() > 1 && from[0] == '0' ? from.size() : 0;
  if (width != 0 && width != to.size()) return no_range(range);
  const std::size_t begin = !numbers       ? static_cast<unsigned char>(from[0])
                            : from.empty() ? 0
                                           : std::stoul(std::string(from));
  const std::size_t end = numbers ? std::stoul(std::string(to)) : static_cast<unsigned char>(to[0]);
  if (begin > end) return no_range(range);
  if ((end - begin) / step >= max) return fail(Errc::full, "a range of too many hosts: import them in parts");
  std::vector<std::string> out;
  for (std::size_t i = begin; i <= end; i += step) {
    std::string item = numbers ? std::to_string(i) : std::string(1, static_cast<char>(i));
    if (item.size() < width) item.insert(0, width - item.size(), '0');
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> expand_range(std::string_view pattern, std::size_t max) {
  std::vector<std::string> out{""};
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('[');
    for (std::string& one : out) one += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find(']', open);
    if (close == std::string_view::npos)
      return fail(Errc::invalid, "'" + printable(pattern) + "' has no closing bracket");
    const std::string_view range = pattern.substr(open + 1, close - open - 1);
    pattern.remove_prefix(close + 1);
    // An IPv6 address stands in brackets too.
    if (range.find("::") != std::string_view::npos || std::count(range.begin(), range.end(), ':') > 2) {
      for (std::string& one : out) one += "[" + std::string(range) + "]";
      continue;
    }
    auto items = items_of(range, max);
    if (!items) return base::pass(items);
    if (out.size() * items->size() > max) return fail(Errc::full, "a range of too many hosts: import them in parts");
    std::vector<std::string> longer;
    for (const std::string& one : out) {
      for (const std::string& item : *items) longer.push_back(one + item);
    }
    out = std::move(longer);
  }
  return out;
}

}  // namespace sallyport::cli::inventory
