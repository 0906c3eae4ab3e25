// SPDX-License-Identifier: Apache-2.0
// How browsers come in: what all their connections share. Trusted side; owned by the node, which outlives them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "broker/access/code_judge.h"
#include "broker/access/password_judge.h"
#include "broker/access/sign_ins.h"
#include "broker/api/api.h"
#include "broker/intake/listener.h"
#include "broker/node/gateway.h"
#include "broker/node/zygotes.h"
#include "broker/session/user_session.h"
#include "broker/web/change_feed.h"
#include "broker/web/portal_identity.h"

namespace sallyport::broker {

class WebEntrance {
 public:
  /// All of it outlives every connection; the API until stop().
  WebEntrance(Gateway& gateway, Zygotes& fronts, Zygotes& viewers, PortalIdentity& identity, api::Api& api,
              std::string ssh_address);
  ~WebEntrance();
  WebEntrance(const WebEntrance&) = delete;
  WebEntrance& operator=(const WebEntrance&) = delete;

  /// Begins a connection on its thread. Main thread.
  void take(SessionThread& thread, base::Fd socket, Arrival arrival);
  /// What is to be done now and then: certificates, sign-ins. Main thread.
  void start_housekeeping();
  /// Looks for changed certificate files at once. Main thread.
  void renew_certificate();
  /// Lets go of everything that is under way at the API. Main thread.
  void stop();

  // For connections, any thread.
  Gateway& gateway() { return gateway_; }
  Services& services() { return gateway_.services; }
  PortalIdentity& identity() { return identity_; }
  SignIns& sign_ins() { return sign_ins_; }
  Admission& users() { return users_; }
  /// Recordings that are shown at this moment.
  Admission& viewers() { return viewers_; }
  PasswordJudge& passwords() { return passwords_; }
  CodeJudge& codes() { return codes_; }
  const MakeSession& make_session() const { return make_session_; }
  /// Where SSH clients are listened for.
  const std::string& ssh_address() const { return ssh_address_; }
  /// The public key behind the names of targets for `ssh -J`, as a line.
  const std::string& host_ca() const { return host_ca_; }
  void spawn_front(base::Fd socket, std::function<void(base::Result<SpawnedWorker>)> done);
  void spawn_viewer(std::function<void(base::Result<SpawnedWorker>)> done);
  /// Whether a peer's X-Forwarded-For counts.
  bool is_trusted_proxy(const std::string& host) const;
  /// Asks the API on the main loop; the key names it for end().
  std::uint64_t begin(api::Caller caller, api::Request request, std::shared_ptr<api::ReplySink> sink);
  /// The answer is of no interest any more, or has ended.
  void end(std::uint64_t key);
  /// Hears of changes, on the main loop, until what is returned goes.
  std::shared_ptr<void> listen(web::ChangeFeed::Told told);

 private:
  void look_after();

  Gateway& gateway_;
  Zygotes& fronts_;
  Zygotes& viewer_source_;
  PortalIdentity& identity_;
  api::Api* api_;  // the main loop alone
  SignIns sign_ins_;
  Admission users_;
  Admission viewers_;
  StoredPasswords passwords_;
  StoredCodes codes_;
  const MakeSession make_session_;
  const std::string ssh_address_;
  const std::string host_ca_;
  std::atomic<std::uint64_t> last_key_ = 0;
  std::map<std::uint64_t, api::ExchangePtr> under_way_;  // the main loop alone
  web::ChangeFeed changes_;                              // the main loop alone
  net::Timer timer_;
};

}  // namespace sallyport::broker
