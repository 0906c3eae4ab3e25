// SPDX-License-Identifier: Apache-2.0
// Answers a monitoring system over plain HTTP: GET /metrics, GET /readyz. Trusted side, main loop. It does not read
// requests: it compares the first line with the few that it knows, and every connection has one answer.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "broker/metrics/node_figures.h"
#include "net/executor.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::broker::metrics {

class MetricsServer {
 public:
  /// Connections at a time: further ones are closed unread.
  static constexpr std::size_t kMostConnections = 16;
  /// A connection has this long for its question and its answer.
  static constexpr std::int64_t kAnswerUs = 10'000'000;

  /// slow: where the figures are read. All of it outlives this object, of which slow keeps nothing.
  MetricsServer(net::Loop& loop, net::Executor& slow, std::shared_ptr<const NodeFigures> figures);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  base::Status listen(const net::Address& address);
  /// "ADDRESS:PORT".
  std::string address() const;

 private:
  class Asked;
  void on_readable();
  void done(const std::shared_ptr<Asked>& asked);

  net::Loop& loop_;
  net::Executor& slow_;
  std::shared_ptr<const NodeFigures> figures_;
  base::Fd socket_;
  std::unique_ptr<net::Watch> watch_;
  std::unique_ptr<net::Timer> again_;
  std::set<std::shared_ptr<Asked>> asked_;
};

}  // namespace sallyport::broker::metrics
