// SPDX-License-Identifier: Apache-2.0
// apply and delete: the declared resources, as steps of a change.
#include <map>
#include <nlohmann/json.hpp>

#include "broker/access/access_requests.h"
#include "broker/api/change_submit.h"
#include "broker/api/documents.h"
#include "broker/api/handlers.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

base::Result<std::vector<Step>> steps_of(const std::vector<ipc::ApplyItem>& items) {
  std::vector<Step> out;
  std::map<std::string, std::size_t> seen;
  auto resources = parse_documents(items);
  if (!resources) return base::pass(resources);
  for (std::size_t i = 0; i < resources->size(); ++i) {
    const policy::Resource& resource = (*resources)[i];
    Step step;
    step.change = {ChangeStep::What::put, policy::to_string(policy::kind_of(resource)), policy::name_of(resource),
                   policy::to_json(resource), 0};
    if (items[i].has_expected_version()) step.expected = items[i].expected_version();
    const std::string& kind = step.change.kind;
    if (!seen.emplace(kind + "/" + step.change.name, out.size()).second) {
      return base::fail(base::Errc::invalid, kind + " " + step.change.name + " stands twice among the documents");
    }
    out.push_back(std::move(step));
  }
  if (out.empty()) return base::fail(base::Errc::invalid, "there is no resource in what was given");
  return out;
}

// What would be done is not yet done, and a reader of one row must see that.
std::string waiting_row(const std::string& row) {
  Json out = Json::parse(row);
  if (out["action"] != "unchanged") out["action"] = "waiting";
  return out.dump();
}

base::Result<Answer> apply_all(const Exchange& exchange, const Apply& asked) {
  auto steps = steps_of(asked.items);
  if (!steps) return base::pass(steps);
  const std::size_t count = steps->size();
  auto made = submit(exchange, std::move(*steps), asked.wish, asked.dry_run ? Depth::check : Depth::carry_out);
  if (!made) return base::pass(made);
  Answer answer;
  for (const std::string& row : made->rows) answer.add(made->waits.empty() ? row : waiting_row(row));
  Json done{{"resources", count}, {"dry_run", asked.dry_run}, {"sessions_ended", made->ended}};
  if (!made->needs.empty()) done["second_administrator"] = made->needs;
  if (!made->waits.empty()) {
    done["change"] = made->waits;
    done["code"] = request_code(made->waits);
  }
  if (!made->emergency.empty()) done["to_review"] = made->emergency;
  answer.done = done.dump();
  return answer;
}

}  // namespace

void apply(const ExchangePtr& exchange, Apply& asked) {
  exchange->answer_on(exchange->services().store_thread, [exchange, asked = std::make_shared<Apply>(std::move(asked))] {
    return apply_all(*exchange, *asked);
  });
}

void delete_resource(const ExchangePtr& exchange, ipc::DeleteResource& asked) {
  if (auto known = policy::kind_from(asked.kind()); !known) return exchange->fail(known.error());
  exchange->answer_on(exchange->services().store_thread, [exchange, asked]() -> base::Result<Answer> {
    Step step;
    step.change = {ChangeStep::What::remove, asked.kind(), asked.name(), "", 0};
    auto made = submit(*exchange, {std::move(step)}, wish_of(asked), Depth::carry_out);
    if (!made) return base::pass(made);
    return answer_of(*made);
  });
}

}  // namespace sallyport::broker::api
