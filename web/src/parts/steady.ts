// SPDX-License-Identifier: Apache-2.0
// A list that does not jump under the pointer: rows change in place at once, but come and go only when nobody points at
// the list. What waits is counted, so that a click can bring it in.
import { useCallback, useMemo, useRef, useState } from "react";

export interface Steady<T> {
  rows: T[];
  waiting: number;
  gone: Set<string>;
  merge: () => void;
  held: { onPointerEnter: () => void; onPointerLeave: () => void };
}

export function useSteady<T>(latest: T[], id: (row: T) => string): Steady<T> {
  const [held, setHeld] = useState(false);
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
  return {
    ...out,
    merge: useCallback(() => setMerged((n) => n + 1), []),
    held: { onPointerEnter: () => setHeld(true), onPointerLeave: () => setHeld(false) },
  };
}
