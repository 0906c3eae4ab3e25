// SPDX-License-Identifier: Apache-2.0
// From the format's structures to what callers see of a record.
#pragma once

#include "recording/crypto.h"
#include "recording/header.h"
#include "recording/reader.h"
#include "recording/seal.h"

namespace sallyport::recording {

RecordInfo header_info(const Header& header);
RecordInfo::Sealed sealed_info(const Seal& seal);

}  // namespace sallyport::recording
