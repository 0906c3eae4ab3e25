// SPDX-License-Identifier: Apache-2.0
// Does a command start mosh-server? Trusted side; pure. It spares users a surprise and holds up nobody who means to get
// past it: whoever has a shell can start what listens on UDP, and only the target's firewall keeps that in.
#pragma once

#include <string_view>

namespace sallyport::broker {

/// True for what mosh's client asks for (`mosh-server new …`, by whatever path, bare or in `sh -c '… exec …'`) and for
/// mosh-server as the program of the command. A command that only names it (`man mosh-server`) starts nothing.
bool starts_mosh_server(std::string_view command);

}  // namespace sallyport::broker
