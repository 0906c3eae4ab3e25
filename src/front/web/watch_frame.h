// SPDX-License-Identifier: Apache-2.0
// An event of a watched session as the text of a WebSocket frame: JSON that a page can draw. Untrusted side; pure. The
// content is a target's: it is quoted, or in base64.
#pragma once

#include <string>

#include "base/bytes.h"

namespace sallyport::ipc {
class WebWatched;
}

namespace sallyport::front::web {

/// The fields of `sallyport session watch -o json` (docs/cli.md), as far as a page draws them: {"time", "event":
/// "data", "sequence", "channel", "direction", "stream", "base64"}; {"time", "state"}; {"time", "gap": true}. Empty:
/// nothing that a page shows.
std::string watch_frame(const ipc::WebWatched& about, base::ByteView event);

}  // namespace sallyport::front::web
