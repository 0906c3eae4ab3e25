// SPDX-License-Identifier: Apache-2.0
// get: the declared resources as they are stored.
#include "broker/api/handlers.h"
#include "broker/api/list.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

base::Result<ListStep> step(store::Store& store, store::ResourceFilter filter, const std::string& text,
                            const std::string& after, std::int64_t limit) {
  filter.after_name = after;
  filter.limit = limit + 1;
  auto rows = store.list_resources(filter);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  for (store::ResourceRow& row : *rows) {
    out.position = row.name;
    if (row.name.find(text) != std::string::npos) out.items.push_back({std::move(row.json), row.version});
  }
  return out;
}

void get_one(const ExchangePtr& exchange, const std::string& kind, const std::string& name) {
  exchange->answer_on(exchange->services().store_thread, [exchange, kind, name]() -> base::Result<Answer> {
    auto row = exchange->services().store.get_resource(kind, name);
    if (!row && row.error().code == base::Errc::not_found) {
      return base::fail(base::Errc::not_found, "there is no " + kind + " " + name);
    }
    if (!row) return base::pass(row);
    Answer answer;
    answer.add(std::move(row->json), row->version);
    return answer;
  });
}

}  // namespace

void get_resource(const ExchangePtr& exchange, ipc::GetResource& asked) {
  const std::string kind = asked.kind();
  if (auto known = policy::kind_from(kind); !known) return exchange->fail(known.error());
  if (!asked.name().empty()) return get_one(exchange, kind, asked.name());
  store::ResourceFilter filter;
  filter.kind = kind;
  const std::string text = asked.text();
  ListSource source{ListSource::Where::store, "resources-" + kind, {}, {}};
  source.step = [filter, text](store::Store& store, const std::string& after, std::int64_t limit) {
    return step(store, filter, text, after, limit);
  };
  if (text.empty()) source.count = [kind](store::Store& store) { return store.count_resources(kind); };
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

}  // namespace sallyport::broker::api
