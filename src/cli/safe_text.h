// SPDX-License-Identifier: Apache-2.0
// The last gate before the administrator's terminal: what a contained reader wrote, which may have been taken over by
// what it read. Trusted side; pure. Characters that show something pass, and the few sequences that our own tables and
// the painter use; everything else is U+FFFD. It must never pass what makes a terminal answer, keep or hide anything.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::cli {

class SafeText {
 public:
  enum class Words {
    lines,    ///< text, line ends, tabs, colours
    painted,  ///< a screen: colours, cursor positions, clearing, the cursor shown and hidden; no line end
  };
  explicit SafeText(Words words) : words_(words) {}

  /// What may be written of these bytes and of what was held back before; an unfinished unit is held back.
  std::string feed(std::string_view bytes);
  /// What was held back, as far as it may be written.
  std::string finish();

 private:
  /// How many bytes the unit at the start of the text has; 0 when it is not whole yet.
  std::size_t unit(std::string_view text, std::string& out) const;
  std::size_t sequence(std::string_view text, std::string& out) const;
  bool allowed(std::string_view parameters, char final) const;

  Words words_;
  std::string held_;
};

}  // namespace sallyport::cli
