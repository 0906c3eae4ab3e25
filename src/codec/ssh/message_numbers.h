// SPDX-License-Identifier: Apache-2.0
// SSH message numbers (RFC 4250 §4.1) and the codes that go with them.
// Linked by the untrusted workers of both legs; constants only.
#pragma once

#include <cstdint>

namespace sallyport::codec::ssh {

/// The first byte of every payload. Numbers 60 to 79 depend on the authentication method under way.
enum class MessageNumber : std::uint8_t {
  disconnect = 1,
  ignore = 2,
  unimplemented = 3,
  debug = 4,
  service_request = 5,
  service_accept = 6,
  ext_info = 7,
  new_compress = 8,
  kexinit = 20,
  newkeys = 21,
  kex_init = 30,     ///< SSH_MSG_KEXDH_INIT and SSH_MSG_KEX_ECDH_INIT
  kex_reply = 31,    ///< SSH_MSG_KEXDH_REPLY and SSH_MSG_KEX_ECDH_REPLY
  gex_group = 31,    ///< RFC 4419 §5
  gex_init = 32,     ///< RFC 4419 §5
  gex_reply = 33,    ///< RFC 4419 §5
  gex_request = 34,  ///< RFC 4419 §5
  userauth_request = 50,
  userauth_failure = 51,
  userauth_success = 52,
  userauth_banner = 53,
  userauth_pk_ok = 60,             ///< publickey
  userauth_passwd_changereq = 60,  ///< password
  userauth_info_request = 60,      ///< keyboard-interactive (RFC 4256)
  userauth_info_response = 61,     ///< keyboard-interactive
  global_request = 80,
  request_success = 81,
  request_failure = 82,
  channel_open = 90,
  channel_open_confirmation = 91,
  channel_open_failure = 92,
  channel_window_adjust = 93,
  channel_data = 94,
  channel_extended_data = 95,
  channel_eof = 96,
  channel_close = 97,
  channel_request = 98,
  channel_success = 99,
  channel_failure = 100,
  ping = 192,  ///< ping@openssh.com (OpenSSH PROTOCOL §1.9)
  pong = 193,
};

/// RFC 4250 §4.2.2.
enum class DisconnectReason : std::uint32_t {
  host_not_allowed = 1,
  protocol_error = 2,
  key_exchange_failed = 3,
  mac_error = 5,
  service_not_available = 7,
  protocol_version_not_supported = 8,
  host_key_not_verifiable = 9,
  connection_lost = 10,
  by_application = 11,
  too_many_connections = 12,
  auth_cancelled = 13,
  no_more_auth_methods = 14,
  illegal_user_name = 15,
};

/// RFC 4250 §4.3.
enum class OpenFailureReason : std::uint32_t {
  administratively_prohibited = 1,
  connect_failed = 2,
  unknown_channel_type = 3,
  resource_shortage = 4,
};

/// Extended data of type 1 is standard error (RFC 4254 §5.2), the only type there is.
inline constexpr std::uint32_t kExtendedDataStderr = 1;

}  // namespace sallyport::codec::ssh
