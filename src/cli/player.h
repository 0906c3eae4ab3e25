// SPDX-License-Identifier: Apache-2.0
// Plays one channel of a recording on the administrator's terminal, in its own time. Untrusted side: in a contained
// child. What the session sent reaches the terminal only through the painter.
#pragma once

#include "cli/record_access.h"
#include "cli/viewer.h"

namespace sallyport::cli {

struct PlayOptions {
  double speed = 1;
  double idle_limit_seconds = 0;                          ///< longer silences are cut to this; 0: none is
  enum class AtEnd { hold, leave } at_end = AtEnd::hold;  ///< hold: the last screen stays until a key is pressed
};

/// Takes the screen. space: pause, + and -: speed, q: quit.
base::Status play(const OpenRecording& recording, const ChannelFacts& channel, const PlayOptions& options,
                  Viewer& viewer);

/// The channel's output, byte for byte, on standard output.
base::Status dump_output(const OpenRecording& recording, const ChannelFacts& channel);

}  // namespace sallyport::cli
