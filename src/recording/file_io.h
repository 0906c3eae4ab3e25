// SPDX-License-Identifier: Apache-2.0
// Positioned reads and writes that finish, and making a directory's changes durable.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace sallyport::recording {

/// Loops over short writes and EINTR.
base::Status write_at(int fd, base::ByteView data, std::uint64_t offset);
/// Reads up to size bytes; fewer only at the end of the file.
base::Result<base::Bytes> read_at(int fd, std::uint64_t offset, std::size_t size);
/// The same into memory that the caller has; returns how much was there.
base::Result<std::size_t> read_into(int fd, std::uint64_t offset, std::span<std::uint8_t> out);
base::Result<std::uint64_t> file_size(int fd);
/// Opens a plain file that is there. Errc::corrupt for what no writer puts under a record's name: a link, a directory,
/// a device, a pipe (which is not waited for).
base::Result<base::Fd> open_regular(const std::string& path, int access);
base::Status sync_data(int fd);
base::Status sync_directory(const std::string& directory);

/// A new file of this size with its space reserved and reading as zeros; owner-only. On failure nothing is left.
base::Result<base::Fd> create_reserved(const std::string& path, std::uint64_t size);

/// Numbers N of the files ID.N.tail in a directory, ascending.
base::Result<std::vector<std::uint64_t>> list_tails(const std::string& directory, const std::string& id);

}  // namespace sallyport::recording
