// SPDX-License-Identifier: Apache-2.0
// Times and amounts as people read them. Times are relative or in the viewer's zone; hovering shows both zone and UTC.
import { useSyncExternalStore } from "react";

// One clock for all relative times of a page.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, 5000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === undefined) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function exactTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : `${exact.format(time)} (${time.toISOString().replace("T", " ").slice(0, 19)} UTC)`;
}

/** "12 s", "5 min", "3 h 20 min", "4 d". */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d`;
}

/** "1:02:03" or "2:03". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  return h > 0 ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export function relative(text: string, at: number): string {
  const ms = at - new Date(text).getTime();
  if (Number.isNaN(ms)) return text;
  if (Math.abs(ms) < 5000) return "now";
  return ms > 0 ? `${duration(ms)} ago` : `in ${duration(-ms)}`;
}

export function Time({ at, absolute = false }: { at: string | null | undefined; absolute?: boolean }) {
  const present = useNow();
  if (!at) return <span className="dim">–</span>;
  const time = new Date(at);
  const text = absolute && !Number.isNaN(time.getTime()) ? exact.format(time) : relative(at, present);
  return (
    <time dateTime={at} title={exactTime(at)}>
      {text}
    </time>
  );
}

/** How long something has lasted, or lasted. */
export function Lasting({ from, to }: { from: string | null; to?: string | null }) {
  const present = useNow();
  if (!from) return <span className="dim">–</span>;
  const end = to ? new Date(to).getTime() : present;
  return <span title={exactTime(from)}>{duration(end - new Date(from).getTime())}</span>;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let value = count;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
