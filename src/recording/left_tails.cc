// SPDX-License-Identifier: Apache-2.0
// Reading and shortening of left-over tails. Reads foreign bytes.
#include "recording/left_tails.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "recording/chunk.h"
#include "recording/file_io.h"
#include "recording/types.h"

namespace sallyport::recording {
namespace {

constexpr std::size_t kBlockBytes = 4096;  // what a file system gives back, at least
constexpr std::size_t kHashBytes = 32;

base::Result<LeftTail> read_tail(const std::string& directory, const std::string& id, std::uint64_t number) {
  LeftTail tail;
  tail.number = number;
  tail.path = tail_path(directory, id, number);
  if (number >= kMaxChunks) return base::fail(base::Errc::corrupt, tail.path + " is of a chunk that cannot be");
  auto fd = open_regular(tail.path, O_RDONLY);
  if (!fd) return pass(fd);
  auto bytes = read_at(fd->get(), 0, kTailCapacityBytes + 1);
  if (!bytes) return pass(bytes);
  if (bytes->size() > kTailCapacityBytes) {
    return base::fail(base::Errc::corrupt, tail.path + " is longer than a tail can be");
  }
  tail.bytes = std::move(*bytes);
  tail.used = std::any_of(tail.bytes.begin(), tail.bytes.end(), [](std::uint8_t b) { return b != 0; });
  if (auto head = decode_tail_head(tail.bytes)) tail.head = *head;
  return tail;
}

}  // namespace

base::Result<std::vector<LeftTail>> read_left_tails(const std::string& directory, const std::string& id) {
  auto numbers = list_tails(directory, id);
  if (!numbers) return pass(numbers);
  std::vector<LeftTail> out;
  for (const std::uint64_t number : *numbers) {
    auto tail = read_tail(directory, id, number);
    if (!tail) return pass(tail);
    out.push_back(std::move(*tail));
  }
  return out;
}

base::Status sync_tail(const LeftTail& tail) {
  auto fd = open_regular(tail.path, O_RDONLY);
  if (!fd) return pass(fd);
  return sync_data(fd->get());
}

base::Status give_back_space(const LeftTail& tail) {
  std::size_t size = 0;
  if (tail.used) {
    const auto last = std::find_if(tail.bytes.rbegin(), tail.bytes.rend(), [](std::uint8_t b) { return b != 0; });
    // The last frame's hash may end in zeros, which are part of it.
    size = static_cast<std::size_t>(tail.bytes.rend() - last) + kHashBytes;
    size = (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  }
  if (size >= tail.bytes.size()) return {};
  auto fd = open_regular(tail.path, O_WRONLY);
  if (!fd) return pass(fd);
  if (::ftruncate(fd->get(), static_cast<off_t>(size)) != 0) return base::fail_errno("shortening " + tail.path);
  return {};
}

}  // namespace sallyport::recording
