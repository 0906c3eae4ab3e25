// SPDX-License-Identifier: Apache-2.0
// Steps of changes.
#include "broker/api/user_change.h"

#include "broker/access/barred_users.h"
#include "policy/resource.h"

namespace sallyport::broker::api {

std::shared_ptr<base::SecretBytes> take_secret(std::string& field) {
  auto out = std::make_shared<base::SecretBytes>(base::view(field));
  base::wipe(field.data(), field.size());
  return out;
}

base::Error unknown(const char* kind, const std::string& name) {
  return {base::Errc::not_found, std::string("there is no ") + kind + " " + name + ": `sallyport apply` one first"};
}

base::Status write_event(const Exchange& exchange, const char* type, std::vector<audit::Field> fields) {
  audit::Event event = exchange.event(type);
  event.fields = std::move(fields);
  auto written = exchange.services().audit.log().append(event);
  if (!written) return base::pass(written);
  return {};
}

base::Status still_there(const Exchange& exchange, const char* kind, const std::string& name) {
  auto row = exchange.services().store.get_resource(kind, name);
  if (row) return {};
  if (row.error().code == base::Errc::not_found) return base::fail(base::Errc::not_found, unknown(kind, name).message);
  return base::pass(row);
}

namespace {
base::Result<policy::User> user_in(const store::ResourceRow& row) {
  auto resource = policy::parse_resource(row.json);
  if (!resource) return base::pass(resource);
  auto* found = std::get_if<policy::User>(&*resource);
  if (found == nullptr) return base::fail(base::Errc::corrupt, "the stored user " + row.name + " is something else");
  return std::move(*found);
}
}  // namespace

base::Status is_person(store::Store& store, const std::string& user) {
  auto row = store.get_resource("user", user);
  if (!row) return base::pass(row);
  auto found = user_in(*row);
  if (!found) return base::pass(found);
  if (!found->is_service()) return {};
  return base::fail(base::Errc::denied,
                    "'" + user + "' is a service account: it logs in with keys or certificates alone");
}

base::Status is_no_outsider(const store::ResourceRow& user) {
  if (user.json.find("\"outsider\"") == std::string::npos) return {};
  auto found = user_in(user);
  if (!found) return base::pass(found);
  if (!found->outsider) return {};
  return base::fail(base::Errc::denied, user.name +
                                            " is an outsider, whom only the invitation changes: see "
                                            "`sallyport invite show " +
                                            user.name + "`");
}

base::Status put_in_force(const Exchange& exchange) {
  Services& services = exchange.services();
  if (auto loaded = services.policy.reload(services.store); !loaded) return loaded;
  end_what_is_barred(services, exchange.caller().actor);
  return {};
}

}  // namespace sallyport::broker::api
