// SPDX-License-Identifier: Apache-2.0
// Extensions as permissions.
#include "broker/access/certificate_login.h"

#include "base/escape.h"

namespace sallyport::broker {

namespace {
constexpr std::size_t kMaxKeyIdInAudit = 256;
constexpr std::uint64_t kSecondUs = 1'000'000;
constexpr std::uint64_t kLastSecond = 9'000'000'000'000;  // what comes later does not fit into microseconds
constexpr std::string_view kSftp = "internal-sftp";       // sshd_config(5), ForceCommand
}  // namespace

std::vector<audit::Field> audit_fields(const CertificateLogin& login) {
  const keys::CertificateFields& fields = login.certificate.fields();
  return {{"key_id", base::cut_utf8(fields.key_id, kMaxKeyIdInAudit)},
          {"serial", std::to_string(fields.serial)},
          {"ca", login.authority},
          {"ca_key", login.certificate.ca().fingerprint()}};
}

base::Micros ends_at_us(const keys::Certificate& certificate) {
  const std::uint64_t before = certificate.fields().valid_before;
  return before > kLastSecond ? 0 : static_cast<base::Micros>(before * kSecondUs);
}

policy::ProofLimits limits_of(const keys::Certificate& certificate) {
  using policy::Permission;
  policy::ProofLimits out;
  policy::Permissions taken;
  const auto unless = [&](std::string_view extension, std::initializer_list<Permission> needs_it) {
    if (certificate.extends(extension)) return;
    for (const Permission one : needs_it) taken.add(one);
  };
  unless("permit-port-forwarding", {Permission::forward_local, Permission::forward_remote});
  unless("permit-agent-forwarding", {Permission::forward_agent});
  unless("permit-X11-forwarding", {Permission::forward_x11});
  unless("permit-pty", {Permission::telnet});  // which is a terminal
  out.terminal = certificate.extends("permit-pty");
  out.only_command = certificate.fields().force_command;
  if (out.only_command) {
    for (const Permission one : {Permission::shell, Permission::telnet, Permission::mosh}) taken.add(one);
    taken.add(*out.only_command == kSftp ? Permission::exec : Permission::sftp);
  }
  out.at_most.remove(taken);
  return out;
}

std::string forbids_command(const keys::Certificate& certificate, std::string_view command) {
  const auto& only = certificate.fields().force_command;
  return !only || *only == command ? "" : "your certificate permits only another command (force-command)";
}

}  // namespace sallyport::broker
