// SPDX-License-Identifier: Apache-2.0
// A list that does not jump under the pointer: rows change in place at once, but come and go only when nobody points at
// the list. What waits is counted, so that a click can bring it in.
import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";

export interface Steady<T> {
  rows: T[];
  waiting: number;
  gone: Set<string>;
  merge: () => void;
  /** For the element that holds the list. */
  box: RefObject<HTMLDivElement>;
}

/** Whether the pointer is over the element. The document is asked: for React a dialog that a row opened is a part of the row,
 * and a dialog that closes under the pointer never lets it leave. */
function usePointerOver(box: RefObject<HTMLElement>): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const enter = ({ target }: PointerEvent) => {
      // Whoever answers a dialog still wants the row that asked.
      if (!(target instanceof Element) || target.closest("[role=dialog], .mantine-Modal-overlay")) return;
      setOver(box.current?.contains(target) ?? false);
    };
    // The pointer left the window, or the finger the screen.
    const leave = ({ relatedTarget }: PointerEvent) => relatedTarget === null && setOver(false);
    document.addEventListener("pointerover", enter);
    document.addEventListener("pointerout", leave);
    return () => {
      document.removeEventListener("pointerover", enter);
      document.removeEventListener("pointerout", leave);
    };
  }, [box]);
  return over;
}

export function useSteady<T>(latest: T[], id: (row: T) => string): Steady<T> {
  const box = useRef<HTMLDivElement>(null);
  const held = usePointerOver(box);
  const [merged, setMerged] = useState(0);
  const shown = useRef<T[]>([]);
  const lastMerge = useRef(-1);
  const out = useMemo(() => {
    const now = new Map(latest.map((row) => [id(row), row]));
    const gone = new Set<string>();
    // An empty list has nothing that could jump.
    if (!held || lastMerge.current !== merged || shown.current.length === 0) {
      lastMerge.current = merged;
      shown.current = latest;
      return { rows: latest, waiting: 0, gone };
    }
    const before = new Set(shown.current.map(id));
    shown.current = shown.current.map((row) => {
      const newer = now.get(id(row));
      if (!newer) gone.add(id(row));
      return newer ?? row;
    });
    return { rows: shown.current, waiting: latest.filter((row) => !before.has(id(row))).length, gone };
  }, [latest, held, merged, id]);
  return { ...out, merge: useCallback(() => setMerged((n) => n + 1), []), box };
}
