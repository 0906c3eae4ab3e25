// SPDX-License-Identifier: Apache-2.0
// Files of resources, as `apply` and the verbs that try policies out read them: YAML documents with their places. It
// understands kind and nothing else of a resource.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/admin_client.h"

namespace sallyport::cli {

struct Document {
  std::string where;  ///< "FILE:LINE"
  std::string json;
};

/// A YAML file, a directory of them, or "-" for standard input. Errors: those of files; invalid.
base::Result<std::vector<Document>> read_documents(const std::string& file);

/// Sends them one by one; the request that follows is about them.
base::Status send_documents(AdminClient& client, const std::vector<Document>& documents);

/// The gateway counts documents; people look for lines.
base::Error with_place(base::Error error, const std::vector<Document>& documents);

}  // namespace sallyport::cli
