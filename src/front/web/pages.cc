// SPDX-License-Identifier: Apache-2.0
// Files into memory, with their types and tags.
#include "front/web/pages.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/fd.h"

namespace sallyport::front::web {

namespace {

namespace fs = std::filesystem;
using base::Errc;
using base::fail;

constexpr std::pair<std::string_view, const char*> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".yaml", "application/yaml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

std::string type_of(std::string_view path) {
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::string tag_of(base::ByteView bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes.data(), bytes.size(), digest.data());
  return '"' + base::to_hex(base::ByteView(digest).first(12)) + '"';
}

}  // namespace

base::Result<Pages> Pages::read(const std::string& folder) {
  Pages out;
  std::error_code error;
  if (folder.empty() || !fs::is_directory(folder, error)) return out;
  std::map<std::string, base::Bytes> files;
  std::size_t bytes = 0;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_symlink(error) || !at->is_regular_file(error)) continue;
    auto content = base::read_file(at->path(), kMaxBytes);
    if (!content) return base::pass(content);
    bytes += content->size();
    if (bytes > kMaxBytes || files.size() >= kMaxFiles) {
      return fail(Errc::full, folder + " holds more than the pages of a portal");
    }
    files["/" + at->path().lexically_relative(folder).generic_string()] = std::move(*content);
  }
  if (error) return fail(Errc::io, folder + ": " + error.message());
  for (auto& [path, content] : files) {
    const bool packed = path.ends_with(".gz") || path.ends_with(".br");
    if (packed && files.contains(path.substr(0, path.size() - 3))) continue;
    Page page;
    page.type = type_of(path);
    page.etag = tag_of(content);
    page.immutable = path.starts_with("/assets/");
    if (const auto found = files.find(path + ".gz"); found != files.end()) page.gzip = found->second;
    if (const auto found = files.find(path + ".br"); found != files.end()) page.brotli = found->second;
    page.plain = content;
    out.add(path, std::move(page));
  }
  return out;
}

const Page* Pages::find(std::string_view path) const {
  const auto found = pages_.find(path);
  return found == pages_.end() ? nullptr : &found->second;
}

void Pages::add(const std::string& path, Page page) {
  pages_[path] = std::move(page);
}

}  // namespace sallyport::front::web
