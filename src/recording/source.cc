// SPDX-License-Identifier: Apache-2.0
// A record's files by name, and the quick look at one that a list needs. Reads foreign bytes.
#include <fcntl.h>

#include "base/id.h"
#include "recording/file_io.h"
#include "recording/info.h"
#include "recording/reader.h"

namespace sallyport::recording {
namespace {

class DirectorySource final : public RecordSource {
 public:
  DirectorySource(std::string directory, std::string id, base::Fd fd)
      : directory_(std::move(directory)), id_(std::move(id)), fd_(std::move(fd)) {}
  int record_fd() const override { return fd_.get(); }
  base::Result<base::Fd> open_tail(std::uint64_t number) const override {
    return open_regular(tail_path(directory_, id_, number), O_RDONLY);
  }

 private:
  std::string directory_;
  std::string id_;
  base::Fd fd_;
};

}  // namespace

base::Result<std::unique_ptr<RecordSource>> open_directory(const std::string& directory, const std::string& id) {
  if (!base::is_id(id)) return base::fail(base::Errc::invalid, "malformed session id");
  auto fd = open_regular(record_path(directory, id), O_RDONLY);
  if (!fd) return pass(fd);
  return std::unique_ptr<RecordSource>(std::make_unique<DirectorySource>(directory, id, std::move(*fd)));
}

RecordInfo header_info(const Header& header) {
  RecordInfo info;
  info.id = header.id;
  info.started_at_us = header.started_at_us;
  info.node = header.node;
  info.header_hash = header.hash;
  return info;
}

RecordInfo::Sealed sealed_info(const Seal& seal) {
  RecordInfo::Sealed out;
  out.state = seal.state;
  out.reason = seal.reason;
  out.closed_at_us = seal.closed_at_us;
  out.chunks = seal.index.size();
  out.entries = seal.totals.entries;
  out.input_entries = seal.totals.inputs;
  out.event_bytes = seal.totals.event_bytes;
  out.first_time_us = seal.totals.first_time_us;
  out.last_time_us = seal.totals.last_time_us;
  out.manifest = seal.manifest;
  return out;
}

base::Result<RecordInfo> inspect(const RecordSource& source) {
  ready_crypto();
  const int fd = source.record_fd();
  auto head = read_at(fd, 0, kHeaderBytes);
  if (!head) return pass(head);
  auto header = decode_header(*head);
  if (!header) return pass(header);
  if (!header->hash_holds) return base::fail(base::Errc::corrupt, "the header does not match its hash");
  RecordInfo info = header_info(*header);
  auto size = file_size(fd);
  if (!size) return pass(size);
  info.bytes = *size;
  if (*size < kHeaderBytes + kTrailerBytes) return info;
  auto trailer = read_at(fd, *size - kTrailerBytes, kTrailerBytes);
  if (!trailer) return pass(trailer);
  const auto offset = decode_trailer(*trailer);
  if (!offset || *offset >= *size || *size - *offset > kMaxSealBytes) return info;
  auto bytes = read_at(fd, *offset, static_cast<std::size_t>(*size - *offset));
  if (!bytes) return pass(bytes);
  if (auto seal = decode_seal(*bytes)) info.sealed = sealed_info(*seal);
  return info;
}

}  // namespace sallyport::recording
