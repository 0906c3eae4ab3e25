// SPDX-License-Identifier: Apache-2.0
// The sentences.
#include "broker/ssh/login_failure.h"

#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {

namespace {

constexpr const char* kTurnedAway =
    " It may be turning the gateway's address away for a while (MaxStartups, PerSourcePenalties, fail2ban). Try again "
    "later, or tell an administrator.";

std::string quoted(const std::string& said) {
  return said.empty() ? "." : ": \"" + said + "\".";
}

}  // namespace

std::string target_fault_text(const std::string& target, ipc::PeerFault fault, const std::string& said) {
  const std::string name = "The target '" + target + "'";
  switch (fault) {
    case ipc::PEER_FAULT_SILENT:
      return name + " closed the connection before it said anything." + kTurnedAway;
    case ipc::PEER_FAULT_OTHER_WORDS:
      return name + " did not begin with SSH, but said" + quoted(said) + kTurnedAway;
    case ipc::PEER_FAULT_HTTP:
      return name + " answers as a web server does. Its address or port in the inventory is wrong.";
    case ipc::PEER_FAULT_OLD_SSH:
      return name + " speaks SSH version 1 only" + quoted(said) + " The gateway speaks version 2.";
    case ipc::PEER_FAULT_ENDLESS:
      return name + " is no SSH server: it talks on and on and never identifies itself.";
    case ipc::PEER_FAULT_NOTHING_COMMON:
      return name + " and the gateway have an algorithm too few in common" + quoted(said);
    case ipc::PEER_FAULT_DISCONNECTED:
      return name + " ended the connection during the login" + quoted(said);
    case ipc::PEER_FAULT_CLOSED:
      return name + " closed the connection during the login, without a reason.";
    case ipc::PEER_FAULT_LOST:
      return "The connection to the target '" + target + "' broke during the login" + quoted(said);
    case ipc::PEER_FAULT_BREACH:
      return name + " broke the SSH protocol during the login" + quoted(said);
    default:
      return name + " could not be logged in to: the gateway's side of the connection failed.";
  }
}

std::string login_timeout_text(const std::string& target, LoginStage stage) {
  const std::string name = "The target '" + target + "'";
  switch (stage) {
    case LoginStage::handshake:
      return name +
             " took the connection and did not finish the SSH handshake in time: it may hang, or be no SSH server.";
    case LoginStage::authentication:
      return name + " proved its identity, but did not finish the login in time.";
  }
  return name + " did not finish the login in time.";
}

}  // namespace sallyport::broker
