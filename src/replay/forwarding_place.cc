// SPDX-License-Identifier: Apache-2.0
// Strings and numbers of RFC 4251, 5, read until something does not fit.
#include "replay/forwarding_place.h"

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/escape.h"

namespace sallyport::replay {
namespace {

class Fields {
 public:
  explicit Fields(std::string_view data) : left_(data) {}

  std::uint32_t number() {
    if (left_.size() < 4) return fail(), 0;
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) out = out << 8 | static_cast<std::uint8_t>(left_[static_cast<std::size_t>(i)]);
    left_.remove_prefix(4);
    return out;
  }
  std::string text() {
    const std::uint32_t size = number();
    if (size > left_.size()) return fail(), std::string();
    const std::string out(left_.substr(0, size));
    left_.remove_prefix(size);
    return base::is_utf8(out) ? out : "hex:" + base::to_hex(base::view(out));
  }
  std::string host_and_port() {
    const std::string host = text();
    const bool is_ipv6 = host.find(':') != std::string::npos && host.rfind("hex:", 0) != 0;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(number());
  }
  /// Everything was there, and nothing more.
  bool complete() const { return !failed_ && left_.empty(); }

 private:
  void fail() {
    failed_ = true;
    left_ = {};
  }
  std::string_view left_;
  bool failed_ = false;
};

}  // namespace

std::optional<ForwardingPlace> place_of_channel(const std::string& type, const std::string& data) {
  Fields fields(data);
  ForwardingPlace out;
  if (type == "direct-tcpip" || type == "forwarded-tcpip") {
    out.to = fields.host_and_port();
    out.from = fields.host_and_port();
  } else if (type == "direct-streamlocal@openssh.com") {
    out.to = fields.text();
    fields.text();  // reserved
    fields.number();
  } else if (type == "forwarded-streamlocal@openssh.com") {
    out.to = fields.text();
    fields.text();  // reserved
  } else if (type == "x11") {
    out.from = fields.host_and_port();
  } else {
    return std::nullopt;
  }
  return fields.complete() ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> place_of_global_request(const std::string& type, const std::string& data) {
  Fields fields(data);
  std::string out;
  if (type == "tcpip-forward" || type == "cancel-tcpip-forward") {
    out = fields.host_and_port();
  } else if (type == "streamlocal-forward@openssh.com" || type == "cancel-streamlocal-forward@openssh.com") {
    out = fields.text();
  } else {
    return std::nullopt;
  }
  return fields.complete() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace sallyport::replay
