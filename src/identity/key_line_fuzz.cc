// SPDX-License-Identifier: Apache-2.0
// A key line's shape and its key: two readers of the same text. What both accept is found again by its blob, and by
// nothing else.
#include "policy/key_line.h"

#include <cstdint>
#include <cstdlib>

#include "identity/authorized_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  std::vector<std::string> lines{""};
  for (const char c : base::text({data, size})) {
    c == '\n' ? (void)lines.emplace_back() : lines.back().push_back(c);
  }
  for (const std::string& line : lines) {
    (void)policy::check_key_line(line);
    const auto keys = identity::AuthorizedKeys::parse({line});
    const auto read = keys::parse_authorized_line(line);
    if (keys.has_value() != read.has_value()) std::abort();
    if (!read) continue;
    const keys::PublicKey* key = &read->key;
    // Whoever reads no options accepts no line that has some.
    if (!(read->touch == keys::TouchRule{}) && keys::PublicKey::parse_line(line)) std::abort();
    if (keys->size() != 1 || !keys->find(key->blob()) || !(keys->find(key->blob())->touch == read->touch)) std::abort();
    base::Bytes other = key->blob();
    other.back() ^= 1;
    if (keys->find(other) || keys->find({}) || identity::AuthorizedKeys::none().find(key->blob())) std::abort();
    // A key that is good and plainly written has the shape, too.
    if (!policy::check_key_line(key->line()).has_value()) std::abort();
  }
  const auto all = identity::AuthorizedKeys::parse(lines);
  if (all && all->size() != lines.size()) std::abort();
  return 0;
}
