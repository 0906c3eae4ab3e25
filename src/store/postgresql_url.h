// SPDX-License-Identifier: Apache-2.0
// What a postgresql:// URL of the configuration becomes: libpq's parameters, with what the store needs where the URL
// says nothing. Trusted side. The result may hold a password: it goes to libpq alone.
#pragma once

#include <string>

#include "base/result.h"

namespace sallyport::store {

/// The channel on which nodes tell each other that resources changed.
inline constexpr const char* kResourcesChannel = "sallyport_resources";

/// Whether the URL of a store is for this file.
bool is_postgresql(const std::string& url);

/// Errors: invalid; the message quotes nothing of the URL.
base::Result<std::string> connection_parameters(const std::string& url);

}  // namespace sallyport::store
