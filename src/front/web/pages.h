// SPDX-License-Identifier: Apache-2.0
// The built pages, read by the zygote before its sandbox closes and served from memory. Untrusted side; nothing in them
// is secret.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::front::web {

struct Page {
  base::Bytes plain;
  base::Bytes gzip;    ///< from FILE.gz; empty: none
  base::Bytes brotli;  ///< from FILE.br
  std::string type;
  std::string etag;
  bool immutable = false;  ///< its name changes with its content
};

class Pages {
 public:
  static constexpr std::size_t kMaxFiles = 2000;
  static constexpr std::size_t kMaxBytes = std::size_t{48} << 20;

  /// Reads the folder; one that is not there gives no pages. Errors: io, full.
  static base::Result<Pages> read(const std::string& folder);

  /// "/assets/app-1a2b3c4d.js". Null: there is none.
  const Page* find(std::string_view path) const;
  /// What every address of the portal shows that is no file: the application finds its own way.
  const Page* start() const { return find("/index.html"); }
  void add(const std::string& path, Page page);

 private:
  std::map<std::string, Page, std::less<>> pages_;
};

}  // namespace sallyport::front::web
