// SPDX-License-Identifier: Apache-2.0
// The player's keys. They rest while somebody types or a dialog is open.
import { useEffect } from "react";
import type { Deck } from "./deck";
import type { Tape } from "./tape";

function busyElsewhere(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const at = event.target instanceof HTMLElement ? event.target : null;
  if (at?.closest("input, textarea:not(.xterm-helper-textarea), select, [role=dialog]")) return true;
  // Space presses the button that has the focus.
  return event.key === " " && at?.closest("button, a, summary") !== null && at !== null;
}

export function useKeys(parts: { tape: Tape; deck: Deck } | null, find: () => void, link: () => void) {
  useEffect(() => {
    if (!parts) return;
    const { deck, tape } = parts;
    const markBy = (by: 1 | -1) => {
      const { position } = deck.now;
      const times = tape.marks.map((one) => one.time);
      const next = by > 0 ? times.find((time) => time > position + 1) : times.reverse().find((time) => time < position - 500);
      if (next !== undefined) deck.seek(next);
    };
    const acts: Record<string, () => void> = {
      " ": () => deck.toggle(),
      k: () => deck.toggle(),
      j: () => deck.seek(deck.now.position - 10_000),
      l: () => deck.seek(deck.now.position + 10_000),
      "[": () => deck.faster(-1),
      "]": () => deck.faster(1),
      ",": () => markBy(-1),
      ".": () => markBy(1),
      "/": find,
      t: link,
    };
    const press = (event: KeyboardEvent) => {
      const act = acts[event.key.toLowerCase()];
      if (!act || busyElsewhere(event)) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [parts, find, link]);
}
