// SPDX-License-Identifier: Apache-2.0
// Writing a declared resource: the one place that says which change of a user ends what the user has proved. Trusted
// side, on the store's thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "policy/resource.h"
#include "store/store.h"

namespace sallyport::broker {

/// Which numbers of a user's incarnation the change makes new. Locking out and letting in again make another life, and
/// so does a person who becomes a service account. A key that is taken away or replaced makes other proofs; one that is
/// added takes back nothing that was proved.
store::Renewal renewal_of(const policy::User& before, const policy::User& after);

/// Inserts or updates the resource's row; the version keeps its author. Errors: the store's.
base::Result<store::ResourceRow> put_declared(store::Store& store, const policy::Resource& resource,
                                              base::Micros now_us, const std::string& author = {});

}  // namespace sallyport::broker
