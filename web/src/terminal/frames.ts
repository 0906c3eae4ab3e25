// SPDX-License-Identifier: Apache-2.0
// The frames of a watched session, as events of a recording. The gateway never sends what the user typed.
import type { SessionEvent } from "./events";

export interface Frame {
  type: string;
  state?: string;
  channel?: number;
  sequence?: number;
  stream?: string;
  columns?: number;
  rows?: number;
  as_of?: number;
  more?: boolean;
  follows_gap?: boolean;
  data?: string;
  program?: string;
  command?: string;
}

/** showing: the channel whose terminal shows. The size of another one announces a terminal. */
export function eventOf(frame: Frame, showing: number | null): SessionEvent | null {
  const { type, channel, sequence, columns, rows } = frame;
  switch (type) {
    case "data":
      return { event: "data", direction: "down", channel, sequence, stream: frame.stream, base64: frame.data ?? "" };
    case "keyframe":
      return { event: "keyframe", channel, sequence, columns, rows, as_of: frame.as_of, more: frame.more, follows_gap: frame.follows_gap, base64: frame.data ?? "" };
    case "start":
      return { event: "request", request: frame.program, channel, sequence, text: frame.command };
    case "size":
      return { event: "request", request: channel === showing ? "window-change" : "pty", channel, sequence, columns, rows };
    default:
      return null;
  }
}
