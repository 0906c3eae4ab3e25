// SPDX-License-Identifier: Apache-2.0
// What a message of the admin socket asks of the API. Trusted side; pure.
#pragma once

#include <optional>

#include "broker/api/request.h"

namespace sallyport::ipc {
class AdminRequest;
}

namespace sallyport::broker::admin_socket {

/// Takes the operation out of the message. Nothing: it asks for none (a part of a set, a cancellation), or for one that
/// this version does not know.
std::optional<api::Request> request_in(ipc::AdminRequest& message);

}  // namespace sallyport::broker::admin_socket
