// SPDX-License-Identifier: Apache-2.0
// LISTEN on PostgreSQL.
#include "store/notices.h"

#include <libpq-fe.h>
#include <poll.h>

#include <thread>

#include "store/postgresql_url.h"

namespace sallyport::store {

namespace {

class Listening final : public Notices {
 public:
  explicit Listening(std::string parameters) : parameters_(std::move(parameters)) {}
  ~Listening() override { PQfinish(connection_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  bool wait(std::chrono::milliseconds at_most) override {
    if (PQstatus(connection_) != CONNECTION_OK) {
      if (connect()) return true;  // who knows what was missed
      std::this_thread::sleep_for(at_most);
      return false;
    }
    pollfd one{PQsocket(connection_), POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(at_most.count())) <= 0) return false;
    PQconsumeInput(connection_);  // a failure shows in the connection's state
    bool heard = false;
    while (PGnotify* notice = PQnotifies(connection_)) {
      PQfreemem(notice);
      heard = true;
    }
    return heard;
  }

 private:
  bool connect() {
    PQfinish(connection_);
    connection_ = PQconnectdb(parameters_.c_str());
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    PGresult* listening = PQexec(connection_, (std::string("LISTEN ") + kResourcesChannel).c_str());
    const bool done = PQresultStatus(listening) == PGRES_COMMAND_OK;
    PQclear(listening);
    return done;
  }

  const std::string parameters_;
  PGconn* connection_ = nullptr;
};

}  // namespace

std::unique_ptr<Notices> Notices::create(const Options& options) {
  if (!is_postgresql(options.url)) return nullptr;
  auto parameters = connection_parameters(options.url);
  return parameters ? std::make_unique<Listening>(std::move(*parameters)) : nullptr;
}

}  // namespace sallyport::store
