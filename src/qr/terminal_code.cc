// SPDX-License-Identifier: Apache-2.0
// libqrencode makes the code; this draws it.
#include "qr/terminal_code.h"

#include <qrencode.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace sallyport::qr {

using base::Errc;
using base::fail;

namespace {

constexpr int kQuietModules = 2;
constexpr std::size_t kHalfBlockBytes = 3;

struct Free {
  void operator()(QRcode* code) const {
    base::wipe(code->data, static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width));
    QRcode_free(code);
  }
};

bool is_dark(const QRcode& code, int row, int column) {
  if (row < 0 || column < 0 || row >= code.width || column >= code.width) return false;
  return (code.data[row * code.width + column] & 1) != 0;
}

}  // namespace

base::Result<base::SecretBytes> qr_for_terminal(base::ByteView content) {
  const std::unique_ptr<QRcode, Free> code(
      QRcode_encodeData(static_cast<int>(content.size()), content.data(), 0, QR_ECLEVEL_L));
  if (!code && errno == ERANGE) return fail(Errc::full, "this is too long for a QR code");
  if (!code) return fail(Errc::internal, "libqrencode cannot make the code");
  const auto columns = static_cast<std::size_t>(code->width + 2 * kQuietModules);
  base::SecretBytes out((columns * kHalfBlockBytes + 1) * ((columns + 1) / 2));  // at most: a blank is one byte
  std::size_t size = 0;
  const auto put = [&](std::string_view text) {
    std::memcpy(out.data() + size, text.data(), text.size());
    size += text.size();
  };
  for (int row = -kQuietModules; row < code->width + kQuietModules; row += 2) {
    for (int column = -kQuietModules; column < code->width + kQuietModules; ++column) {
      // Light is what is drawn. Below the last row there is nothing to draw.
      const bool upper = !is_dark(*code, row, column);
      const bool lower = row + 1 < code->width + kQuietModules && !is_dark(*code, row + 1, column);
      put(upper && lower ? "\u2588" : upper ? "\u2580" : lower ? "\u2584" : " ");
    }
    put("\n");
  }
  return base::SecretBytes(out.view().first(size));
}

}  // namespace sallyport::qr
