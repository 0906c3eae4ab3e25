// SPDX-License-Identifier: Apache-2.0
// The administrator's own terminal: its size, its modes, and putting it back as it was, whatever happens. Trusted side.
#pragma once

#include <termios.h>

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/terminal/terminal.h"

namespace sallyport::cli {

/// The size of a terminal; 24×80 when it does not say.
codec::terminal::Size terminal_size(int fd);

/// Asks on the terminal, without echo. Errors: unsupported (no terminal), closed (end of file), full.
base::Result<base::SecretBytes> read_secret_line(const std::string& prompt);
/// The same, typed twice: for a secret that is to be kept. Errors: also invalid, when the two differ.
base::Result<base::SecretBytes> ask_secret_twice(const std::string& prompt);

/// A secret from standard input: all of it, at most max_bytes; one trailing line end goes when strip is line.
enum class Strip { line, nothing };
base::Result<base::SecretBytes> read_secret_stdin(std::size_t max_bytes, Strip strip);

/// From now on SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process.
void catch_interrupts();
bool interrupted();

/// Takes the terminal over (its other screen, keys one by one, no wrap, cursor hidden) until it is destroyed. SIGINT,
/// SIGTERM, SIGHUP and SIGWINCH only set flags meanwhile. One at a time.
class ScreenGuard {
 public:
  /// Errors: unsupported, when standard input or output is no terminal.
  static base::Result<ScreenGuard> take();
  ScreenGuard(ScreenGuard&& o) noexcept;
  ScreenGuard& operator=(ScreenGuard&&) = delete;
  ScreenGuard(const ScreenGuard&) = delete;
  ScreenGuard& operator=(const ScreenGuard&) = delete;
  ~ScreenGuard();

  /// Whether the size may have changed since the last call.
  bool take_resized();
  void write(const std::string& bytes);

 private:
  explicit ScreenGuard(const termios& before) : before_(before), active_(true) {}
  termios before_;
  bool active_;
};

/// What a key press means to play and watch.
enum class Key { none, quit, pause, faster, slower, other };
/// Waits up to timeout_ms for a key, or for `other_fd` (-1: none) to become readable, which gives none.
Key wait_key(int timeout_ms, int other_fd = -1);

}  // namespace sallyport::cli
