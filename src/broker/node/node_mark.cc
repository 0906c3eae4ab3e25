// SPDX-License-Identifier: Apache-2.0
// One line of base64.
#include "broker/node/node_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "base/fd.h"

namespace sallyport::broker {

namespace {
std::string path_in(const std::string& data_dir) {
  return data_dir + "/node.key.pub";
}
std::string line_of(const base::Bytes& public_key) {
  return base::to_base64(public_key) + "\n";
}
}  // namespace

base::Status check_node_mark(const std::string& data_dir, const base::Bytes& public_key) {
  const std::string path = path_in(data_dir);
  const auto there = base::read_file(path, 4096);
  if (!there && there.error().code == base::Errc::not_found) return {};
  if (!there) return base::fail(there.error().code, there.error().message);
  if (base::text(*there) == line_of(public_key)) return {};
  return base::fail(base::Errc::corrupt,
                    "the database does not know this node by the key in " + path +
                        ": what it signed was taken out, or this is another database. Keep both as evidence; to begin "
                        "anew, give the node an empty data_dir and another name");
}

base::Status leave_node_mark(const std::string& data_dir, const base::Bytes& public_key) {
  const std::string path = path_in(data_dir);
  if (::access(path.c_str(), F_OK) == 0) return {};
  const std::string fresh = path + ".new";
  const std::string line = line_of(public_key);
  const base::Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return base::fail_errno("cannot make " + fresh);
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file.get()) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    return base::fail_errno("cannot write " + path);
  }
  return {};
}

}  // namespace sallyport::broker
