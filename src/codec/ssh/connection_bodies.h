// SPDX-License-Identifier: Apache-2.0
// The variable part of global requests, channel opens and channel requests, for connection_messages.cc.
// Runs in the untrusted workers.
#pragma once

#include "codec/ssh/connection_messages.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {

/// Reads the body of a kind by its wire name from all that is left; unknown names take the rest unread. Errors stick to
/// the reader, whose done() the caller asks.
GlobalRequestBody read_global_body(keys::Reader& r, std::string_view name);
ChannelOpenBody read_open_body(keys::Reader& r, std::string_view type);
ChannelRequestBody read_request_body(keys::Reader& r, std::string_view name);

/// Writes a body; nothing for the Other… kinds.
void write_body(keys::Writer& w, const GlobalRequestBody& body);
void write_body(keys::Writer& w, const ChannelOpenBody& body);
void write_body(keys::Writer& w, const ChannelRequestBody& body);

}  // namespace sallyport::codec::ssh
