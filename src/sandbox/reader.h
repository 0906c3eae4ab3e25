// SPDX-License-Identifier: Apache-2.0
// The sandbox of the command line's readers: children that decode what a session sent, which is foreign, and give back
// text. Untrusted side. Always on: no step may fail.
//
// A reader has no namespaces of its own, unlike a worker: it lives as long as one verb, it can name nothing (no call
// that takes a path or an address is left to it, and Landlock stands behind that), and records are also read on hosts
// that give nobody a namespace.
#pragma once

#include <cstdint>
#include <span>

#include "sandbox/filter.h"

namespace sallyport::sandbox {

/// Address space of a reader, all in all. Not limited in sanitizer builds.
inline constexpr std::uint64_t kReaderAddressSpaceBytes = std::uint64_t{512} << 20;
/// Its standard streams: orders from the command line, and what it writes. Its lifeline is the first.
inline constexpr int kReaderOrdersFd = 0;

/// What is made ready once, for any number of readers.
struct ReaderBox {
  Filter filter;
};
Step make_reader_box(ReaderBox& out);

/// Turns a process that the command line just forked, with one thread, into a reader: another user when it was root, no
/// descriptor but 0, 1, 2 and the kept ones, no core dump, not to be traced, bounded memory, no files, no sockets. On
/// failure the process must end.
Step contain_reader(const ReaderBox& box, std::span<const int> kept);

/// For the command line itself, whose memory holds a recording's keys: no core dump, and nobody of the same user may
/// look into it.
Step keep_memory_private();

}  // namespace sallyport::sandbox
