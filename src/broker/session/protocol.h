// SPDX-License-Identifier: Apache-2.0
// The table of the protocols in which targets are reached: what a session makes for its target, and what it asks about
// the protocol. Trusted side; the node fills it, a target's `protocol` picks the entry. A session knows no protocol
// beside its entry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "broker/node/services.h"
#include "broker/node/session_thread.h"
#include "broker/node/zygotes.h"
#include "broker/session/account_secret.h"
#include "broker/session/back_side.h"
#include "broker/session/rules.h"
#include "policy/decide.h"
#include "policy/resource.h"

namespace sallyport::broker {

/// What a back side is made of. The references outlive it.
struct BackWiring {
  Services& services;
  SessionThread& thread;
  BackSide::Owner& owner;
  BackSide::Opening& opening;
  SpawnedWorker worker;  ///< owns the connection to the target
  const policy::Target& target;
  const policy::Account& account;
  const policy::Grant& grant;
  AccountSecret secret;
  std::string session;  ///< id
  std::string user;     ///< of Sallyport
};

/// Where TCP's urgent data goes (RFC 9293 §3.8.5).
enum class UrgentData { set_aside, in_line };

struct Protocol {
  WorkerSource& backs;
  UrgentData urgent_data = UrgentData::set_aside;
  std::function<std::unique_ptr<Rules>(const policy::Grant&, const config::Limits&)> make_rules;
  std::function<std::unique_ptr<BackSide>(BackWiring)> make_back;
};

using ProtocolTable = std::map<policy::Protocol, Protocol>;

}  // namespace sallyport::broker
