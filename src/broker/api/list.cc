// SPDX-License-Identifier: Apache-2.0
// Steps and cursors.
#include "broker/api/list.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text_time.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kStep = 100;
constexpr std::size_t kMaxCursorBytes = 8192;

struct Fetched {
  ListStep step;
  std::optional<std::int64_t> total;
};

class Listing final : public Activity {
 public:
  Listing(Exchange& exchange, ListSource source, std::string position, std::int64_t limit)
      : exchange_(exchange),
        source_(std::make_shared<const ListSource>(std::move(source))),
        position_(std::move(position)),
        first_(position_.empty()),
        left_(limit) {}

  void fetch() {
    const auto work = [source = source_, after = position_, limit = std::min(left_, kStep),
                       counts = std::exchange(first_, false)](store::Store& store) -> base::Result<Fetched> {
      Fetched out;
      auto step = source->step(store, after, limit);
      if (!step) return base::pass(step);
      out.step = std::move(*step);
      if (!counts || !source->count) return out;
      auto total = source->count(store);
      if (!total) return base::pass(total);
      out.total = *total;
      return out;
    };
    const auto fetched = [](Exchange& self, base::Result<Fetched> got) {
      auto shared = std::make_shared<base::Result<Fetched>>(std::move(got));
      self.post([shared](Exchange& e) {
        if (auto* listing = static_cast<Listing*>(e.activity())) listing->took(std::move(*shared));
      });
    };
    Services& services = exchange_.services();
    switch (source_->where) {
      case ListSource::Where::memory:
        return took(work(services.store));
      case ListSource::Where::store:
        return exchange_.run_on(services.store_thread,
                                [=](Exchange& self) { fetched(self, work(self.services().store)); });
      case ListSource::Where::reader:
        return exchange_.read([=](Exchange& self) { fetched(self, work(self.services().reader)); });
    }
  }

 private:
  void took(base::Result<Fetched> fetched) {
    if (!fetched) return exchange_.fail(fetched.error());
    left_ -= static_cast<std::int64_t>(fetched->step.items.size());
    if (fetched->total) total_ = fetched->total;
    position_ = std::move(fetched->step.position);
    more_ = fetched->step.more;
    exchange_.pour(std::move(fetched->step.items), [](Exchange& e) { static_cast<Listing*>(e.activity())->poured(); });
  }

  void poured() {
    if (more_ && left_ > 0) return fetch();
    Json out;
    out["next"] = more_ ? Json(cursor_text(source_->name, position_)) : Json();
    out["total"] = total_ ? Json(*total_) : Json();
    exchange_.done(out.dump());
  }

  Exchange& exchange_;  // owns this
  std::shared_ptr<const ListSource> source_;
  std::string position_;
  bool first_;
  std::int64_t left_;
  std::optional<std::int64_t> total_;
  bool more_ = false;
};

}  // namespace

std::string cursor_text(std::string_view list, std::string_view position) {
  return "1:" + std::string(list) + ":" + std::string(position);
}

base::Result<std::string> position_in(std::string_view list, std::string_view cursor) {
  if (cursor.empty()) return std::string();
  const std::string start = cursor_text(list, "");
  if (cursor.size() > kMaxCursorBytes || cursor.size() == start.size() || cursor.rfind(start, 0) != 0) {
    return base::fail(base::Errc::invalid, "that is not a cursor of this list");
  }
  return std::string(cursor.substr(start.size()));
}

base::Result<TimeSpan> time_span(const std::string& since, const std::string& until) {
  TimeSpan out;
  for (const auto& [text, bound] : {std::pair{&since, &out.since_us}, {&until, &out.until_us}}) {
    if (text->empty()) continue;
    auto time = base::from_rfc3339(*text);
    if (!time) return base::pass(time);
    *bound = *time;
  }
  return out;
}

void answer_list(Exchange& exchange, ListSource source, const std::string& cursor, std::uint32_t limit) {
  auto position = position_in(source.name, cursor);
  if (!position) return exchange.fail(position.error());
  const std::int64_t most = limit == 0 ? kMaxListLimit : std::min<std::int64_t>(limit, kMaxListLimit);
  auto listing = std::make_unique<Listing>(exchange, std::move(source), std::move(*position), most);
  Listing& started = *listing;
  exchange.keep(std::move(listing));
  started.fetch();
}

}  // namespace sallyport::broker::api
