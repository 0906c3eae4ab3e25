// SPDX-License-Identifier: Apache-2.0
// What changes of users and accounts share: the secret out of the request, the audit event before the effect, and the
// change in force after it. Trusted side.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "broker/api/exchange.h"

namespace sallyport::broker::api {

/// Moves a secret out of a request's field, which is wiped.
std::shared_ptr<base::SecretBytes> take_secret(std::string& field);

base::Error unknown(const char* kind, const std::string& name);

/// Inside the transaction that makes the change.
base::Status write_event(const Exchange& exchange, const char* type, std::vector<audit::Field> fields);

/// Inside the transaction that stores something for it: what is left for one that is gone is the next one's of its
/// name.
base::Status still_there(const Exchange& exchange, const char* kind, const std::string& name);

/// Inside the transaction, before a person's proof is stored: a service account has keys and certificates alone.
/// Errors: denied, corrupt, the store's.
base::Status is_person(store::Store& store, const std::string& user);

/// Errors: denied, when the stored user is an outsider, whom the invitation alone changes; corrupt.
base::Status is_no_outsider(const store::ResourceRow& user);

/// After a change of what proves a user: decisions see it, and what it bars ends.
base::Status put_in_force(const Exchange& exchange);

}  // namespace sallyport::broker::api
