// SPDX-License-Identifier: Apache-2.0
// Draws what a watched session shows. A keyframe is as of an earlier event than the one it follows, so output that it
// draws already is not drawn again. The first terminal is the one that shows.
import { bytesOf, isExec, isOutput, isPty, lengthOf, sizeOf, type SessionEvent, type Size } from "./events";

export interface Drawing {
  reset(): void;
  resize(columns: number, rows: number): void;
  write(data: string | Uint8Array): void;
  /** Output of a program without a terminal. */
  plain(plain: boolean): void;
}

const MOST_KEPT = 1024 * 1024;

interface Change {
  sequence: number;
  event: SessionEvent;
}

export class LiveScreen {
  private channel: number | null = null;
  private asOf = 0;
  private whole = false;
  private kept: Change[] = [];
  private keptBytes = 0;
  private droppedUpTo = 0;
  private coming: { channel: number; size: Size; parts: (string | Uint8Array)[] } | null = null;

  constructor(private readonly drawing: Drawing) {}

  /** The channel whose terminal shows. */
  get showing(): number | null {
    return this.channel;
  }

  /** True: it was for the terminal that shows. */
  see(event: SessionEvent): boolean {
    const sequence = event.sequence ?? 0;
    if (event.event === "keyframe") return this.keyframe(event);
    if (isPty(event)) {
      if (this.channel !== null && this.channel !== event.channel) return false;
      this.begin(event.channel ?? 0, sizeOf(event) ?? { columns: 80, rows: 24 });
      this.asOf = sequence;
      this.whole = true;
      return true;
    }
    if (isExec(event) && this.channel === null) {
      this.begin(event.channel ?? 0, { columns: 80, rows: 24 });
      this.drawing.plain(true);
      this.asOf = sequence;
      this.whole = true;
      return true;
    }
    if (!isOutput(event) && sizeOf(event) === null) return false;
    if (this.channel !== null && this.channel !== event.channel) return false;
    const shows = this.channel !== null;
    if (shows && sequence > this.asOf) this.apply(event);
    if (!this.whole) this.keep({ sequence, event });
    return shows;
  }

  /** Events are missing here: the next keyframe is drawn. */
  gap() {
    this.whole = false;
  }

  private begin(channel: number, size: Size) {
    this.channel = channel;
    this.drawing.reset();
    this.drawing.plain(false);
    this.drawing.resize(size.columns, size.rows);
  }

  private apply(event: SessionEvent) {
    const size = sizeOf(event);
    if (size) this.drawing.resize(size.columns, size.rows);
    else this.drawing.write(bytesOf(event));
  }

  private keep(change: Change) {
    this.keptBytes += lengthOf(change.event) + 128;
    this.kept.push(change);
    while (this.keptBytes > MOST_KEPT) {
      const first = this.kept.shift();
      if (!first) break;
      this.droppedUpTo = first.sequence;
      this.keptBytes -= lengthOf(first.event) + 128;
    }
  }

  private keyframe(event: SessionEvent): boolean {
    const channel = event.channel ?? 0;
    if (this.channel !== null && (this.whole || channel !== this.channel)) return channel === this.channel;
    const size = sizeOf(event) ?? { columns: 80, rows: 24 };
    if (this.coming?.channel !== channel) this.coming = { channel, size, parts: [] };
    this.coming.parts.push(bytesOf(event));
    if (event.more) return true;
    const { parts } = this.coming;
    this.coming = null;
    this.begin(channel, size);
    for (const part of parts) this.drawing.write(part);
    this.asOf = event.as_of ?? event.sequence ?? 0;
    this.whole = this.asOf >= this.droppedUpTo && !event.follows_gap;
    const kept = this.kept;
    this.kept = [];
    this.keptBytes = 0;
    for (const one of kept) {
      if (one.event.channel !== channel) continue;
      if (one.sequence > this.asOf) this.apply(one.event);
      if (!this.whole) this.keep(one);
    }
    return true;
  }
}
