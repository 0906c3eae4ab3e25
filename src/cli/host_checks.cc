// SPDX-License-Identifier: Apache-2.0
// One check a function.
#include "cli/host_checks.h"

#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "net/socket.h"

namespace sallyport::cli {
namespace {

using sandbox::Finding;
using sandbox::FindingState;

constexpr std::uint64_t kLeastFree = 64ULL << 20;
constexpr std::uint64_t kGoodFree = 2ULL << 30;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The path itself, or the nearest directory above it that exists.
std::string nearest_existing(std::string path) {
  struct stat status {};
  while (::stat(path.c_str(), &status) != 0 && path != "/" && path != ".") path = parent_of(path);
  return path;
}

std::string mode_text(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

// Under the unit everything is read-only but what it names.
std::string remedy_for_writing(const std::string& path, int error, const char* else_do) {
  if (error != EROFS) return else_do;
  return "the unit may write only what it names: systemctl edit sallyport, and add under [Service] ReadWritePaths=" +
         path;
}

Finding check_directory(const std::string& name, const std::string& path, const char* holds, const char* setting) {
  Finding out{name, FindingState::ok, path, holds, ""};
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const std::string above = nearest_existing(path);
    if (::access(above.c_str(), W_OK) == 0) {
      out.detail += ": absent, will be made";
      return out;
    }
    const int error = errno;
    out.state = FindingState::fail;
    out.detail += ": absent, and " + above + " cannot be written: " + std::strerror(error);
    out.remedy = remedy_for_writing(above, error, "create it for the service's user, with mode 0750");
  } else if (!S_ISDIR(status.st_mode)) {
    out.state = FindingState::fail;
    out.detail += ": no directory";
    out.remedy = std::string("correct ") + setting;
  } else if (::access(path.c_str(), W_OK | X_OK) != 0) {
    const int error = errno;
    out.state = FindingState::fail;
    out.detail += ": this user cannot write it: " + std::string(std::strerror(error));
    out.remedy = remedy_for_writing(path, error, "run this as root or as the service's user, who must own it");
  } else if ((status.st_mode & 0027) != 0) {
    out.state = FindingState::warn;
    out.detail += ": mode " + mode_text(status.st_mode) + " lets others in";
    out.remedy = "chmod 0750 " + path;
  }
  return out;
}

Finding check_space(const std::string& name, const std::string& path) {
  Finding out{name, FindingState::ok, "", "a full disk stops every session, because nothing is forwarded unrecorded",
              ""};
  struct statvfs space {};
  const std::string where = nearest_existing(path);
  if (::statvfs(where.c_str(), &space) != 0) {
    out.state = FindingState::fail;
    out.detail = "statvfs " + where + ": " + std::strerror(errno);
    out.remedy = "make the directory reachable";
    return out;
  }
  const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  out.detail = std::to_string(free >> 20) + " MiB free at " + where;
  if (free < kGoodFree) {
    out.state = free < kLeastFree ? FindingState::fail : FindingState::warn;
    out.remedy = "free some space, or set recording.dir to a larger file system";
  }
  return out;
}

Finding check_master_key(const config::Config& config) {
  Finding out{"master key", FindingState::ok, "",
              "the master key seals every stored secret: without the key they are lost", ""};
  if (config.master_key.source == config::MasterKeySource::passphrase) {
    out.detail = "a passphrase, asked for at start";
    // systemd sets it for what a unit runs, and for a desktop's terminals too.
    if (::getenv("INVOCATION_ID") != nullptr && ::isatty(STDIN_FILENO) == 0) {
      out.state = FindingState::fail;
      out.detail += ", and a unit has no terminal";
      out.remedy = "under systemd use master_key: credential, or a key file";
    }
    return out;
  }
  if (config.master_key.source == config::MasterKeySource::credential) {
    out.detail = "a systemd credential, which exists when the unit starts";
    return out;
  }
  const std::string& path = config.master_key.path;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const std::string above = nearest_existing(parent_of(path));
    const bool writable = errno == ENOENT && ::access(above.c_str(), W_OK) == 0;
    out.detail = path + ": absent" + (writable ? ", will be made at the first start" : " or out of reach");
    if (!writable) {
      out.state = FindingState::fail;
      out.remedy = "run this as the service's user, or make " + above + " writable for the first start";
    }
    return out;
  }
  out.detail = path;
  if ((status.st_mode & 0077) != 0) {
    out.state = FindingState::fail;
    out.detail += ": mode " + mode_text(status.st_mode);
    out.remedy = "chmod 0600 " + path;
  } else if (::access(path.c_str(), R_OK) != 0) {
    out.state = FindingState::fail;
    out.detail += ": not readable";
    out.remedy = "run this as root or as the service's user";
  } else if (path.rfind(config.data_dir + "/", 0) == 0) {
    out.state = FindingState::warn;
    out.detail += " lies in the data directory";
    out.remedy = "keep the key elsewhere: a stolen copy of the data directory then holds no key";
  }
  return out;
}

Finding check_port(const std::string& name, const config::ListenAddress& address, Serving serving) {
  Finding out{name, FindingState::ok, to_string(address), "users connect to this address", ""};
  if (serving == Serving::yes) {
    out.detail += ": the gateway is serving";
    return out;
  }
  auto parsed = net::parse_numeric(to_string(address));
  auto listener = parsed ? net::listen_tcp(*parsed, 1) : base::Result<base::Fd>(base::pass(parsed));
  if (!listener) {
    out.state = FindingState::fail;
    out.detail += ": " + listener.message();
    out.remedy = "stop what uses the port, or choose another one under listen";
  }
  return out;
}

Finding check_worker_user(const config::Config& config) {
  Finding out{"worker account", FindingState::ok, config.worker_user,
              "the user that workers become before they read anything", ""};
  if (::geteuid() != 0) {
    out.detail = "workers run as this user (uid " + std::to_string(::geteuid()) + ")";
    return out;
  }
  if (::getpwnam(config.worker_user.c_str()) == nullptr) {
    out.state = ::getpwnam("nobody") == nullptr ? FindingState::fail : FindingState::warn;
    out.detail += ": no such user; nobody stands in";
    out.remedy = "useradd --system --no-create-home --shell /usr/sbin/nologin " + config.worker_user;
  }
  return out;
}

Finding check_group(const config::Config& config) {
  Finding out{"service group", FindingState::ok, config.service_group, "its members may administer the gateway", ""};
  if (::getgrnam(config.service_group.c_str()) == nullptr) {
    out.state = FindingState::warn;
    out.detail += ": no such group; only root and the service's user may";
    out.remedy = "groupadd --system " + config.service_group;
  }
  return out;
}

Finding check_descriptors(const config::Config& config) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  Finding out{"open files for sessions", FindingState::ok, "at most " + std::to_string(limit.rlim_max),
              "a session needs about ten", ""};
  const std::uint64_t wanted = std::uint64_t{config.limits.max_sessions} * 10 + config.limits.preauth_total * 4 + 256;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) {
    out.state = FindingState::warn;
    out.remedy = "raise LimitNOFILE= to " + std::to_string(wanted) + ", or lower limits.max_sessions";
  }
  return out;
}

Finding check_executables(const std::string& directory) {
  Finding out{"executables", FindingState::ok, directory, "the broker and the workers", ""};
  for (const char* name : {"sallyportd", "sallyport-front-ssh", "sallyport-front-web", "sallyport-back-ssh",
                           "sallyport-back-telnet", "sallyport-inspector", "sallyport-viewer"}) {
    if (!directory.empty() && ::access((directory + "/" + name).c_str(), X_OK) == 0) continue;
    out.state = FindingState::fail;
    out.detail = directory.empty() ? "not found" : directory + ": no " + name;
    out.remedy = "install the whole package, or set libexec_dir";
    break;
  }
  return out;
}

}  // namespace

std::string find_libexec_dir() {
  std::array<char, 4096> buffer{};
  const ssize_t n = ::readlink("/proc/self/exe", buffer.data(), buffer.size() - 1);
  if (n <= 0) return {};
  const std::string bin = parent_of(std::string(buffer.data(), static_cast<std::size_t>(n)));
  for (const std::string& directory : {parent_of(bin) + "/libexec/sallyport", bin}) {
    if (::access((directory + "/sallyportd").c_str(), X_OK) == 0) return directory;
  }
  return {};
}

std::vector<Finding> examine_node(const config::Config& config, Serving serving, const std::string& libexec_dir) {
  return {
      check_directory("data directory", config.data_dir, "the store and the admin socket", "data_dir"),
      check_directory("recordings", config.recording.dir, "a session without a record does not start", "recording.dir"),
      check_space("disk space", config.recording.dir),
      check_master_key(config),
      check_port("ssh port", config.listen_ssh, serving),
      check_worker_user(config),
      check_group(config),
      check_descriptors(config),
      check_executables(libexec_dir)};
}

}  // namespace sallyport::cli
