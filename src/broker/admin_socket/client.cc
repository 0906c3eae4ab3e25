// SPDX-License-Identifier: Apache-2.0
// Requests by their ids.
#include "broker/admin_socket/client.h"

#include <utility>

#include "broker/admin_socket/caller_of.h"
#include "broker/admin_socket/requests.h"
#include "broker/admin_socket/socket_sink.h"
#include "broker/api/operations.h"
#include "ipc/admin.pb.h"

namespace sallyport::broker::admin_socket {
namespace {

constexpr std::int64_t kIdleUs = 30'000'000;  // without a request
constexpr unsigned kMaxWeight = 32;           // of the requests that are under way
constexpr std::size_t kMaxSets = 32;
constexpr std::size_t kMaxSetItems = 10'000;
constexpr std::size_t kMaxSetBytes = 16 * 1024 * 1024;

}  // namespace

Client::Client(api::Api& api, const PolicyHolder& policy, net::Loop& loop, std::shared_ptr<Connection> connection)
    : api_(api), policy_(policy), loop_(loop), connection_(std::move(connection)), idle_(loop) {}

Client::~Client() {
  for (auto& [id, one] : under_way_) one.exchange->abandon();
}

void Client::start() {
  await_request();
  connection_->start([this](std::span<std::uint8_t> bytes) { message(bytes); },
                     [weak = weak_from_this()] {
                       if (const auto self = weak.lock()) self->close();
                     });
}

void Client::refuse(const base::Error& error) {
  answer_failure(0, error);
  close();
}

void Client::close() {
  for (auto& [id, one] : under_way_) one.exchange->abandon();
  connection_->close();
  idle_.cancel();
  // Later: whoever is told lets go of this, which may be in the middle of a call.
  if (auto gone = std::exchange(on_gone_, nullptr)) loop_.post(std::move(gone));
}

void Client::await_request() {
  idle_.after_us(kIdleUs, [this] {
    if (under_way_.empty()) close();
  });
}

void Client::message(std::span<std::uint8_t> bytes) {
  ipc::AdminRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return close();
  await_request();
  dispatch(message);
}

void Client::dispatch(ipc::AdminRequest& message) {
  const std::uint64_t id = message.id();
  if (message.kind_case() == ipc::AdminRequest::kCancel) return cancel(message.cancel().id());
  const auto earlier = under_way_.find(id);
  if (earlier != under_way_.end() && !earlier->second.exchange->finished()) return close();
  if (earlier != under_way_.end()) ended(id, earlier->second.sink.get());
  if (message.kind_case() == ipc::AdminRequest::kApplyItem) return collect(id, *message.mutable_apply_item());
  if (message.kind_case() == ipc::AdminRequest::kApplyCommit) {
    const ipc::ApplyCommit& commit = message.apply_commit();
    return begin_with_set(id, api::Apply{{}, commit.dry_run(), api::wish_of(commit)});
  }
  if (auto request = request_in(message)) return begin_with_set(id, std::move(*request));
  answer_failure(id,
                 {base::Errc::unsupported, "this gateway does not know the request: it may be older than the command"});
}

void Client::collect(std::uint64_t id, ipc::ApplyItem& item) {
  if (!sets_.contains(id) && sets_.size() >= kMaxSets) return close();
  Set& set = sets_[id];
  if (set.refused) return;
  set.bytes += item.json().size();
  set.items.push_back(std::move(item));
  std::size_t items = 0;
  std::size_t bytes = 0;
  for (const auto& [unused, one] : sets_) {
    items += one.items.size();
    bytes += one.bytes;
  }
  if (items > kMaxSetItems || bytes > kMaxSetBytes) refuse_set(id);
}

// A set is taken whole or not at all: what still comes of one that was refused is dropped, and what it was for fails
// too.
void Client::refuse_set(std::uint64_t id) {
  sets_[id] = {{}, 0, true};
  answer_failure(id, {base::Errc::full, "at most 10000 resources and 16 MiB at a time: send them in parts"});
}

// Where the request is about the resources that came before it, they go with it.
void Client::begin_with_set(std::uint64_t id, api::Request request) {
  std::vector<ipc::ApplyItem>* items = nullptr;
  if (auto* asked = std::get_if<api::Apply>(&request)) items = &asked->items;
  if (auto* asked = std::get_if<api::PolicyLint>(&request)) items = &asked->items;
  if (auto* asked = std::get_if<api::PolicyReplay>(&request)) items = &asked->items;
  if (items != nullptr) {
    Set set = std::exchange(sets_[id], {});
    if (set.refused) refuse_set(id);
    sets_.erase(id);
    if (set.refused) return;
    *items = std::move(set.items);
  }
  begin(id, std::move(request));
}

void Client::begin(std::uint64_t id, api::Request request) {
  const unsigned weight = api::operation_of(request).weight;
  if (weight_ + weight > kMaxWeight) {
    return answer_failure(
        id,
        {base::Errc::busy, "too much is under way on this connection: repeat the request when some of it has ended"});
  }
  // Told from within the exchange, which is let go of later.
  const auto sink = std::make_shared<SocketSink>(connection_, id, [weak = weak_from_this(), id, this] {
    const auto found = under_way_.find(id);
    if (found == under_way_.end()) return;  // it ended before begin() returned
    loop_.post([weak, id, sink = found->second.sink.get()] {
      if (const auto self = weak.lock()) self->ended(id, sink);
    });
  });
  weight_ += weight;
  auto exchange = api_.begin(caller(), std::move(request), sink);
  const bool over = exchange->finished();
  under_way_[id] = {std::move(exchange), sink, weight};
  if (over) ended(id, sink.get());
}

void Client::ended(std::uint64_t id, const SocketSink* sink) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end() || found->second.sink.get() != sink) return;
  const UnderWay one = std::move(found->second);
  under_way_.erase(found);
  weight_ -= one.weight;
  one.exchange->abandon();
  await_request();
}

void Client::cancel(std::uint64_t id) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end() || found->second.exchange->finished()) return;
  ended(id, found->second.sink.get());
  answer_failure(id, {base::Errc::closed, "the request was cancelled"});
}

void Client::answer_failure(std::uint64_t id, const base::Error& error) {
  SocketSink(connection_, id, {}).fail(error);
}

api::Caller Client::caller() const {
  return caller_of(connection_->peer(), policy_.current()->resources);
}

}  // namespace sallyport::broker::admin_socket
