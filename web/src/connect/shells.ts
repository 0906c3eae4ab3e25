// SPDX-License-Identifier: Apache-2.0
// The terminals that are open in this page, whichever page of the portal shows. They end with the browser's tab.
import { useSyncExternalStore } from "react";

export type ShellState = "connecting" | "opening" | "held" | "live" | "paused" | "supervised" | "ended" | "lost";

export interface Facts {
  key: string;
  target: string;
  account: string;
  state: ShellState;
  /** What the gateway said last, for the user. */
  words: string;
  /** Of the request that holds it. */
  code: string;
  /** It would open after a fresh proof of who the user is. */
  wantsProof: boolean;
  session: string;
}

interface Open {
  all: Facts[];
  /** The key of the one that shows; none: the targets do. */
  current: string | null;
}

/** Each is a session at the gateway. */
export const MOST_SHELLS = 16;

let open: Open = { all: [], current: null };
let made = 0;
const listeners = new Set<() => void>();

function set(next: Open) {
  open = next;
  for (const one of listeners) one();
}

export function useShells(): Open {
  return useSyncExternalStore(
    (call) => {
      listeners.add(call);
      return () => listeners.delete(call);
    },
    () => open,
  );
}

export function addShell(target: string, account: string) {
  if (open.all.length >= MOST_SHELLS) return;
  made += 1;
  const key = `shell-${made}`;
  set({ all: [...open.all, { key, target, account, state: "connecting", words: "", code: "", wantsProof: false, session: "" }], current: key });
}

export function showShell(key: string | null) {
  set({ ...open, current: key });
}

export function changeShell(key: string, change: Partial<Facts>) {
  set({ ...open, all: open.all.map((one) => (one.key === key ? { ...one, ...change } : one)) });
}

export function dropShell(key: string) {
  closers.delete(key);
  const at = open.all.findIndex((one) => one.key === key);
  const all = open.all.filter((one) => one.key !== key);
  set({ all, current: open.current === key ? (all[Math.max(0, at - 1)]?.key ?? null) : open.current });
}

/** What takes a terminal away, by the key of its entry. */
const closers = new Map<string, () => void>();

export function whenClosed(key: string, close: () => void) {
  closers.set(key, close);
}

/** Nothing of one user's terminals stays for the next one who signs in. */
export function closeAllShells() {
  for (const { key } of open.all) {
    closers.get(key)?.();
    closers.delete(key);
  }
  if (open.all.length > 0) set({ all: [], current: null });
}

export function isOver(facts: Facts): boolean {
  return facts.state === "ended" || facts.state === "lost";
}

// Whoever closes the tab by mistake is asked first.
window.addEventListener("beforeunload", (event) => {
  if (open.all.some((one) => !isOver(one))) event.preventDefault();
});
