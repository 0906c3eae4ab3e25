// SPDX-License-Identifier: Apache-2.0
// Which characters join the one before them. Pure.
#pragma once

namespace sallyport::codec::terminal {

/// Combining marks of the common blocks, joiners, variation selectors, and format characters without a width.
bool is_combining(char32_t code);

}  // namespace sallyport::codec::terminal
