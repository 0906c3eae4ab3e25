// SPDX-License-Identifier: Apache-2.0
// What `sallyport doctor` looks at beside the sandbox: files, disk, ports, accounts. Trusted side; changes nothing.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "sandbox/doctor.h"

namespace sallyport::cli {

/// Whether this gateway serves already: its ports are then taken by itself.
enum class Serving { no, yes };

/// libexec_dir: where the workers' executables are.
std::vector<sandbox::Finding> examine_node(const config::Config& config, Serving serving,
                                           const std::string& libexec_dir);

/// The directory that holds sallyportd and the workers: beside this executable's bin/, or with it in a build tree;
/// empty when there is none.
std::string find_libexec_dir();

}  // namespace sallyport::cli
