// SPDX-License-Identifier: Apache-2.0
// Fuzzes the wire reader: the first bytes choose which fields are read from the rest. What is read and written again
// must be the same.
#include <algorithm>
#include <cstdlib>

#include "keys/wire.h"

using sallyport::base::Bytes;
using sallyport::base::ByteView;
using sallyport::keys::Reader;
using sallyport::keys::Writer;

namespace {

/// Reads one field and writes it back. False where the wire form is not unique, so that the outcome cannot be compared.
bool copy_field(std::uint8_t kind, Reader& r, Writer& w) {
  switch (kind % 7) {
    case 0:
      w.u8(r.u8());
      return true;
    case 1:
      w.u32(r.u32());
      return true;
    case 2:
      w.u64(r.u64());
      return true;
    case 3:
      w.boolean(r.boolean());
      return false;
    case 4:
      w.string(r.string(1024));
      return true;
    case 5:
      w.mpint(r.mpint());
      return true;
    default:
      w.name_list(r.name_list());
      return true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFields = 8;
  if (size < kFields) return 0;
  const ByteView in(data + kFields, size - kFields);
  Reader r(in);
  Bytes out;
  Writer w(out);
  bool unique = true;
  for (std::size_t i = 0; i < kFields && r.ok(); ++i) unique = copy_field(data[i], r, w) && unique;
  if (!r.ok() || !unique) return 0;
  w.bytes(r.rest());
  if (!r.done() || !std::equal(out.begin(), out.end(), in.begin(), in.end())) std::abort();
  return 0;
}
