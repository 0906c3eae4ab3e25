// SPDX-License-Identifier: Apache-2.0
// One request a page.
#include "cli/list_pages.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr std::uint32_t kPage = 1000;
constexpr std::size_t kMaxItems = 200'000;

}  // namespace

base::Result<List> ask_list(AdminClient& client, const PageRequest& page, std::uint32_t limit) {
  List out;
  std::string cursor;
  for (;;) {
    const std::size_t left = limit == 0 ? kPage : limit - out.items.size();
    auto answer = client.ask(page(cursor, static_cast<std::uint32_t>(std::min<std::size_t>(left, kPage))));
    if (!answer) return base::pass(answer);
    std::move(answer->items.begin(), answer->items.end(), std::back_inserter(out.items));
    auto done = parse_object(answer->done);
    if (!done) return base::pass(done);
    if (cursor.empty() && done->contains("total") && (*done)["total"].is_number()) out.total = (*done)["total"];
    const std::string next = done->contains("next") && (*done)["next"].is_string() ? (*done)["next"] : Json("");
    out.more = !next.empty();
    if (!out.more || (limit != 0 && out.items.size() >= limit)) return out;
    if (next == cursor) return base::fail(base::Errc::invalid, "the gateway's list does not end");
    if (out.items.size() >= kMaxItems) {
      return base::fail(base::Errc::full, "there are more than " + std::to_string(kMaxItems) +
                                              ": give a limit, or say more exactly which ones");
    }
    cursor = next;
  }
}

void tell_of_more(const Context& context, const List& list) {
  if (!list.more || context.format == Format::json) return;
  std::cerr << list.items.size() << (list.total ? " of " + std::to_string(*list.total) : std::string())
            << " are shown; without --limit there are more\n";
}

}  // namespace sallyport::cli
