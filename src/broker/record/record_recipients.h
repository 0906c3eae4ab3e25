// SPDX-License-Identifier: Apache-2.0
// For whom sessions are recorded: the node, unless it may only write, and every declared recipient. Trusted side.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "policy/decide.h"
#include "recording/record_keys.h"
#include "recording/writer.h"

namespace sallyport::broker {

/// One place is always left for the node.
inline constexpr std::size_t kMaxDeclaredRecipients = recording::kMaxRecipients - 1;

/// Those to whom a new record's keys are wrapped. node: its own public key; empty when it may only write. Errors:
/// denied (nobody could ever read the record).
base::Result<std::vector<recording::Recipient>> record_recipients(const policy::Snapshot& declared,
                                                                  base::ByteView node);

/// Whether a recipient can be recorded for. Errors: invalid (no key that anything can be encrypted to).
base::Status check_recipient(const policy::Recipient& recipient);

}  // namespace sallyport::broker
