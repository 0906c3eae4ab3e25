// SPDX-License-Identifier: Apache-2.0
// A recording's events in memory: what is where in time. It draws nothing and asks nobody.
import { bytesOf, isOutput, isPty, lengthOf, sizeOf, toldBy, type SessionEvent, type Size } from "../terminal/events";

export type MarkKind = "command" | "refusal" | "act" | "exit" | "begin";

export interface Mark {
  time: number;
  kind: MarkKind;
  text: string;
}

export interface Hit {
  time: number;
  before: string;
  found: string;
  after: string;
}

/** What a page keeps of a recording at most. */
export const MOST_BYTES = 96 * 1024 * 1024;

const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]*[0-~])|[\u0000-\u0008\u000b-\u001f\u007f]/g;

export class Tape {
  readonly events: SessionEvent[] = [];
  readonly marks: Mark[] = [];
  private readonly keyframes: number[] = [];
  private channelOf: number | null = null;
  private hasPty = false;
  /** Channels of programs that no person reads, such as SFTP. */
  private readonly binary = new Set<number | undefined>();
  private bytes = 0;
  duration = 0;
  full = false;

  /** The channel that shows: the first with a terminal, or the first with output. */
  get channel(): number | null {
    return this.channelOf;
  }

  get plain(): boolean {
    return !this.hasPty;
  }

  /** False: no more fits. */
  add(event: SessionEvent): boolean {
    this.bytes += lengthOf(event) + 200;
    if (this.bytes > MOST_BYTES) {
      this.full = true;
      return false;
    }
    const at = this.events.length;
    this.events.push(event);
    const time = event.time_ms ?? this.duration;
    event.time_ms = Math.max(time, this.duration);
    this.duration = event.time_ms;
    if (isPty(event) && !this.hasPty) {
      this.hasPty = true;
      this.channelOf = event.channel ?? null;
    }
    if (event.event === "request" && event.request === "subsystem") this.binary.add(event.channel);
    if (this.channelOf === null && isOutput(event) && !this.binary.has(event.channel)) this.channelOf = event.channel ?? null;
    if (event.event === "keyframe" && !event.more) this.keyframes.push(at);
    const mark = markOf(event);
    if (mark) this.marks.push({ ...mark, time: this.duration });
    return true;
  }

  /** Where there is something to see: a second after the first output. */
  get beginning(): number {
    const first = this.events.find((event) => this.draws(event) && isOutput(event));
    return Math.min(this.duration, (first?.time_ms ?? 0) + 1000);
  }

  timeOf(at: number): number {
    return this.events[at]?.time_ms ?? this.duration;
  }

  /** The first event after that time. */
  after(time: number): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.timeOf(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  draws(event: SessionEvent): boolean {
    return event.channel === this.channelOf && (isOutput(event) || (event.event !== "keyframe" && sizeOf(event) !== null));
  }

  /** Where drawing starts for a time: the last whole keyframe before it, with what it holds, or the beginning. */
  startFor(time: number): { from: number; size: Size | null; frame: (string | Uint8Array)[] } {
    const end = this.after(time);
    for (let k = this.keyframes.length - 1; k >= 0; k -= 1) {
      const at = this.keyframes[k] ?? 0;
      const last = this.events[at];
      if (at >= end || !last || last.channel !== this.channelOf || last.follows_gap || bytesOf(last).length === 0) continue;
      const parts = [bytesOf(last)];
      let first = at;
      for (let i = at - 1; i >= 0; i -= 1) {
        const part = this.events[i];
        if (part?.event !== "keyframe" || part.channel !== this.channelOf) continue;
        if (!part.more) break;
        parts.unshift(bytesOf(part));
        first = i;
      }
      return { from: this.firstAfter(last.as_of, first), size: sizeOf(last), frame: parts };
    }
    return { from: 0, size: null, frame: [] };
  }

  /** The event after the one that a keyframe is as of. */
  private firstAfter(asOf: number | undefined, keyframe: number): number {
    if (asOf === undefined || asOf === 0) return keyframe + 1;
    let at = keyframe;
    while (at > 0 && (this.events[at - 1]?.sequence ?? at - 1) > asOf) at -= 1;
    return at;
  }

  /** Output in each of so many equal parts of the time, from 0 to 1, on a scale on which a keystroke shows beside a flood. */
  density(parts: number): number[] {
    const out = new Array<number>(parts).fill(0);
    const width = Math.max(1, this.duration) / parts;
    for (const event of this.events) {
      if (!isOutput(event)) continue;
      const part = Math.min(parts - 1, Math.floor((event.time_ms ?? 0) / width));
      out[part] = (out[part] ?? 0) + lengthOf(event);
    }
    const most = Math.log1p(Math.max(1, ...out));
    return out.map((one) => Math.log1p(one) / most);
  }

  /** Where the output holds a text, however it was split. */
  search(text: string, most = 200): Hit[] {
    const wanted = text.toLowerCase();
    if (!wanted) return [];
    const starts: number[] = [];
    const times: number[] = [];
    let all = "";
    for (const event of this.events) {
      if (!isOutput(event) || event.channel !== this.channelOf) continue;
      const data = bytesOf(event);
      const plain = (typeof data === "string" ? data : new TextDecoder().decode(data)).replace(ESCAPES, "");
      starts.push(all.length);
      times.push(event.time_ms ?? 0);
      all += plain;
    }
    const lower = all.toLowerCase();
    const hits: Hit[] = [];
    let event = 0;
    for (let at = lower.indexOf(wanted); at >= 0 && hits.length < most; at = lower.indexOf(wanted, at + wanted.length)) {
      while (event + 1 < starts.length && (starts[event + 1] ?? Infinity) <= at) event += 1;
      hits.push({ time: times[event] ?? 0, before: all.slice(Math.max(0, at - 30), at), found: all.slice(at, at + wanted.length), after: all.slice(at + wanted.length, at + wanted.length + 50) });
    }
    return hits;
  }
}

function markOf(event: SessionEvent): Omit<Mark, "time"> | null {
  if (event.event === "verdict" && event.verdict === "deny") return { kind: "refusal", text: `refused: ${String(event.name)} (${String(event.reason)})` };
  if (event.event === "damage") return { kind: "refusal", text: `damaged: ${String(event.where)}: ${String(event.what)}` };
  if (event.event === "control") return { kind: "act", text: toldBy(event) ?? "" };
  if (event.event === "exit") return { kind: "exit", text: event.signal ? `ended by signal ${String(event.signal)}` : `exit status ${String(event.status)}` };
  if (event.event === "session-start") return { kind: "begin", text: "the session begins" };
  if (event.event === "session-end") return { kind: "begin", text: `the session ends: ${String(event.reason)}` };
  if (event.event === "channel-open" && typeof event.to === "string") return { kind: "command", text: `connection to ${event.to}` };
  if (event.event !== "request") return null;
  if (event.request === "exec") return { kind: "command", text: event.text ?? "a command that is no UTF-8" };
  if (event.request === "shell") return { kind: "command", text: "shell" };
  return event.request === "subsystem" ? { kind: "command", text: `subsystem ${String(event.name)}` } : null;
}
