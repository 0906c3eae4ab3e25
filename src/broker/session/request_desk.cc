// SPDX-License-Identifier: Apache-2.0
// From the store's threads to a session's loop.
#include "broker/session/request_desk.h"

#include <utility>

namespace sallyport::broker {

template <class T>
std::function<void(T)> RequestDesk::on_loop(std::function<void(T)> done) {
  return [&loop = loop_, alive = alive_, done = std::move(done)](T result) {
    const auto held = std::make_shared<T>(std::move(result));
    loop.post([alive, held, done] {
      if (*alive) done(std::move(*held));
    });
  };
}

void RequestDesk::claim(AccessRequests::Claim claim, Claimed done) {
  services_.requests.claim(std::move(claim), on_loop(std::move(done)));
}

void RequestDesk::create(RequestDraft draft, Made done) {
  services_.requests.create(std::move(draft), on_loop(std::move(done)));
}

void RequestDesk::look(const std::string& id, Made done) {
  services_.reader_thread.post([&services = services_, id, told = on_loop(std::move(done))] {
    told(AccessRequests::find(services.reader, id));
  });
}

void RequestDesk::watch(const std::string& id, std::function<void()> changed) {
  watch_ = std::make_unique<AccessRequests::Watch>(services_.requests, id,
                                                   [&loop = loop_, alive = alive_, changed = std::move(changed)] {
                                                     loop.post([alive, changed] {
                                                       if (*alive) changed();
                                                     });
                                                   });
}

void RequestDesk::forget() {
  watch_.reset();
  *alive_ = false;
}

}  // namespace sallyport::broker
