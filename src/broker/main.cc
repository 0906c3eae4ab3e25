// SPDX-License-Identifier: Apache-2.0
// sallyportd: the broker. Trusted; parses no foreign protocol. Everything is wired in node.cc.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <iostream>

#include <google/protobuf/stubs/logging.h>
#include <sodium.h>

#include "base/escape.h"
#include "base/log.h"
#include "broker/node.h"

namespace {

using namespace sallyport;

constexpr const char* kHelp =
    "Usage: sallyportd [--config FILE]\n\n"
    "The broker of a Sallyport gateway: listens, decides, opens target connections, keeps records and the audit log.\n"
    "People start it with 'sallyport serve'. When it is ready it prints one line of JSON with its addresses.\n\n"
    "  --config FILE   default /etc/sallyport/sallyport.yaml; see sallyport.yaml(5)\n"
    "  --help          this text\n";

// Nothing of this process may end in a core dump or be read by another process of the same user.
void harden() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::umask(0077);
}

std::string own_directory() {
  char path[4096];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0) return ".";
  const std::string all(path, static_cast<std::size_t>(n));
  return all.substr(0, all.rfind('/'));
}

int fail(const std::string& message) {
  std::fprintf(stderr, "sallyportd: %s\n", base::escape_for_terminal(message, 16384).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<std::string> config_path;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0 || std::strcmp(argv[i], "-h") == 0) {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (std::strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
      config_path = argv[++i];
    } else {
      std::fprintf(stderr, "sallyportd: unknown argument '%s'\n\n%s", base::escape_for_terminal(argv[i]).c_str(),
                   kHelp);
      return 2;
    }
  }
  harden();
  google::protobuf::SetLogHandler(nullptr);  // its lines quote foreign bytes unescaped
  if (sodium_init() < 0) return fail("libsodium cannot be initialised");
  auto config = config::load_config(config_path);
  if (!config) return fail(config.message());
  base::set_log_level(config->log_level);
  const std::string libexec = config->libexec_dir.empty() ? own_directory() : config->libexec_dir;
  broker::Node node(std::move(*config));
  if (auto started = node.start(libexec); !started) return fail(started.message());
  std::cout << node.ready_line() << std::endl;
  node.run();
  return 0;
}
