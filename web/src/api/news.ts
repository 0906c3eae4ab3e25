// SPDX-License-Identifier: Apache-2.0
// Server-sent events: what has changed at the gateway. The pages fetch it anew; the events carry no data of their own.
import type { QueryClient } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { address } from "./client";

/** Changes that come close together cost one fetch. */
const TOGETHER_MS = 700;
const AGAIN_MS = 3000;
const SELDOM_MS = 60_000;
const KINDS = ["sessions", "requests", "changes", "resources", "recordings", "audit"];

/** What the keys of queries begin with, where it is not the name of the event. */
const OTHER_NAMES: Record<string, string> = { users: "resources" };

let connected = false;
const watchers = new Set<() => void>();

function say(state: boolean) {
  if (connected === state) return;
  connected = state;
  for (const one of watchers) one();
}

/** Whether changes arrive by themselves just now. */
export function useConnected(): boolean {
  return useSyncExternalStore(
    (call) => {
      watchers.add(call);
      return () => watchers.delete(call);
    },
    () => connected,
  );
}

function listen(queries: QueryClient): () => void {
  const due = new Map<string, number>();
  let source: EventSource | undefined;
  let again: number | undefined;
  let wait = AGAIN_MS;
  const changed = (kind: string) => {
    if (due.has(kind)) return;
    due.set(
      kind,
      window.setTimeout(() => {
        due.delete(kind);
        void queries.invalidateQueries({ queryKey: [kind] });
      }, TOGETHER_MS),
    );
  };
  const open = () => {
    source = new EventSource(address("/events"));
    source.onopen = () => {
      say(true);
      wait = AGAIN_MS;
      // What changed while nobody listened.
      for (const kind of KINDS) changed(kind);
    };
    source.onerror = () => {
      say(false);
      // The browser tries again by itself, unless the gateway refused.
      if (source?.readyState !== EventSource.CLOSED) return;
      again = window.setTimeout(() => {
        void queries.invalidateQueries({ queryKey: ["me"] });
        open();
      }, wait);
      wait = Math.min(SELDOM_MS, wait * 2);
    };
    for (const kind of [...KINDS, ...Object.keys(OTHER_NAMES)]) source.addEventListener(kind, () => changed(OTHER_NAMES[kind] ?? kind));
  };
  open();
  return () => {
    source?.close();
    window.clearTimeout(again);
    for (const timer of due.values()) window.clearTimeout(timer);
    say(false);
  };
}

export function useNews() {
  const queries = useQueryClient();
  useEffect(() => listen(queries), [queries]);
}
