// SPDX-License-Identifier: Apache-2.0
// Choosing and checking those who can read new records.
#include "broker/record/record_recipients.h"

#include <algorithm>

namespace sallyport::broker {

using base::Errc;

namespace {

recording::Recipient recipient_of(base::ByteView key) {
  recording::Recipient out;
  std::copy_n(key.begin(), std::min(key.size(), out.key.size()), out.key.begin());
  out.scope = recording::Recipient::Scope::session_and_input;
  return out;
}

}  // namespace

base::Result<std::vector<recording::Recipient>> record_recipients(const policy::Snapshot& declared,
                                                                  base::ByteView node) {
  std::vector<recording::Recipient> out;
  if (!node.empty()) out.push_back(recipient_of(node));
  for (const auto& [unused, recipient] : declared.recipients) {
    out.push_back(recipient_of(recipient.public_key_bytes()));
  }
  if (out.empty()) {
    return base::fail(Errc::denied,
                      "recording.write_only is set and no recipient is declared: nobody could read a recording. "
                      "Declare a recipient (sallyport apply)");
  }
  return out;
}

base::Status check_recipient(const policy::Recipient& recipient) {
  const recording::Recipient one = recipient_of(recipient.public_key_bytes());
  if (recording::usable_x25519(one.key)) return {};
  return base::fail(Errc::invalid, "recipient " + recipient.name +
                                       ": public_key: nothing can be encrypted to this key: it is no X25519 public "
                                       "key that a key generator made");
}

}  // namespace sallyport::broker
