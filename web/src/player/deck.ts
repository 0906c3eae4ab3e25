// SPDX-License-Identifier: Apache-2.0
// Plays a tape on a screen: position, speed, idle time left out. It knows no page.
import { bytesOf, sizeOf } from "../terminal/events";
import type { Screen } from "../terminal/screen";
import type { Tape } from "./tape";

export interface DeckState {
  position: number;
  playing: boolean;
  speed: number;
  skipIdle: boolean;
  skipped: number;
}

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4, 8, 16];
const IDLE_MS = 2000;
const LEAD_MS = 400;

export class Deck {
  private next = 0;
  private frame = 0;
  private last = 0;
  private said = 0;
  private state: DeckState = { position: 0, playing: false, speed: 1, skipIdle: true, skipped: 0 };

  constructor(private readonly tape: Tape, private readonly screen: Screen, private readonly say: (state: DeckState) => void) {}

  get now(): DeckState {
    return this.state;
  }

  seek(time: number) {
    const to = Math.min(Math.max(0, time), this.tape.duration);
    const start = this.tape.startFor(to);
    const end = this.tape.after(to);
    // Going on from where we are is cheaper than a keyframe, if it lies behind us.
    if (to < this.state.position || start.from > this.next || this.next === 0) {
      this.screen.reset();
      if (start.size) this.screen.resize(start.size.columns, start.size.rows);
      for (const part of start.frame) this.screen.write(part);
      this.next = start.from;
    }
    this.drawUntil(end);
    this.set({ position: to, skipped: 0 }, true);
  }

  play() {
    if (this.state.playing) return;
    if (this.state.position >= this.tape.duration) this.seek(0);
    this.set({ playing: true }, true);
    this.last = performance.now();
    this.frame = requestAnimationFrame(this.tick);
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.set({ playing: false }, true);
  }

  toggle() {
    if (this.state.playing) this.pause();
    else this.play();
  }

  faster(by: number) {
    const at = SPEEDS.indexOf(this.state.speed);
    this.speed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))] ?? 1);
  }

  speed(speed: number) {
    this.set({ speed }, true);
  }

  skipIdle(skipIdle: boolean) {
    this.set({ skipIdle }, true);
  }

  dispose() {
    cancelAnimationFrame(this.frame);
  }

  private readonly tick = (now: number) => {
    const by = (now - this.last) * this.state.speed;
    this.last = now;
    let position = this.state.position + by;
    let skipped = this.state.skipped;
    const due = this.tape.timeOf(this.next);
    if (this.state.skipIdle && due - position > IDLE_MS) {
      skipped = due - LEAD_MS - position;
      position = due - LEAD_MS;
    }
    if (position >= this.tape.duration) {
      this.drawUntil(this.tape.events.length);
      this.set({ position: this.tape.duration, playing: false, skipped: 0 }, true);
      return;
    }
    this.drawUntil(this.tape.after(position));
    this.set({ position, skipped });
    this.frame = requestAnimationFrame(this.tick);
  };

  private drawUntil(end: number) {
    for (; this.next < end; this.next += 1) {
      const event = this.tape.events[this.next];
      if (!event || !this.tape.draws(event)) continue;
      const size = sizeOf(event);
      if (size) this.screen.resize(size.columns, size.rows);
      else this.screen.write(bytesOf(event));
    }
  }

  private set(change: Partial<DeckState>, now = false) {
    this.state = { ...this.state, ...change };
    const time = performance.now();
    if (!now && time - this.said < 100) return;
    this.said = time;
    this.say(this.state);
  }
}
