// SPDX-License-Identifier: Apache-2.0
// Which channel an event is about.
#include "broker/session/lane.h"

#include "event/event.pb.h"

namespace sallyport::broker {

using event::Event;

Lane lane_of(const Event& event, Direction from) {
  switch (event.kind_case()) {
    case Event::kChannelOpen:
      return {from, event.channel_open().channel()};
    case Event::kChannelOpened:
      return {from, event.channel_opened().channel()};
    case Event::kChannelRefused:
      return {from, event.channel_refused().channel()};
    case Event::kRequest:
      return {from, event.request().channel()};
    case Event::kRequestAnswer:
      return {from, event.request_answer().channel()};
    case Event::kData:
      return {from, event.data().channel()};
    case Event::kEof:
      return {from, event.eof().channel()};
    case Event::kClose:
      return {from, event.close().channel()};
    case Event::kExit:
      return {from, event.exit().channel()};
    case Event::kBulkBegin:
      return {from, event.bulk_begin().channel()};
    case Event::kStreamBlock:
      return {from, event.stream_block().channel()};
    default:
      return {from, Lane::kNoChannel};
  }
}

}  // namespace sallyport::broker
