// SPDX-License-Identifier: Apache-2.0
// How a verb reads what a session sent: in a contained child, whose words reach standard output, a file or the terminal
// through the command line. Trusted side. A terminal gets them through SafeText.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "cli/contained.h"
#include "cli/context.h"

namespace sallyport::ipc {
class WatchEvent;
}

namespace sallyport::replay {
struct OpenRecording;
}

namespace sallyport::cli {

using replay::OpenRecording;

/// Takes what the child writes to its standard output.
using OutputSink = std::function<base::Status(std::string_view words)>;

/// Runs the work on an opened recording; its words go to the sink, or to standard output. Errors: those of the work, of
/// the sandbox and of the sink.
base::Result<int> read_contained(const OpenRecording& recording, const ContainedWork& work, OutputSink sink = {});

/// The same for work that may take the terminal's screen (Viewer): keys and sizes go to it.
base::Result<int> view_contained(std::span<const int> kept, const ContainedWork& work);

/// The same for a live session: what the gateway says of it goes to the work, which never has the admin socket.
base::Result<int> watch_contained(AdminClient& client, const ContainedWork& work);

/// Whether the screen can be taken: standard input and output are a terminal.
bool screen_available();

}  // namespace sallyport::cli
