// SPDX-License-Identifier: Apache-2.0
// The pages' few icons, drawn on a 16 px grid. They say nothing that words beside them do not say.

const PATHS = {
  overview: "M2 2h5v7H2zM9 2h5v4H9zM9 8h5v6H9zM2 11h5v3H2z",
  live: "M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4M4 4a5.7 5.7 0 0 0 0 8M12 4a5.7 5.7 0 0 1 0 8",
  requests: "M2 3h12v8H9l-3 3v-3H2z",
  connect: "M2 3h12v10H2zM4 6l2 2-2 2M8 10h4",
  recordings: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M6.5 5.5l4 2.5-4 2.5z",
  audit: "M4 2h6l2 2v10H4zM6 7h4M6 10h4",
  people: "M8 3a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M3 14c0-3 2-4.5 5-4.5s5 1.5 5 4.5",
  targets: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.1M4.5 11h.1",
  accounts: "M10 3a3 3 0 1 1-2.6 4.5L2 13v1h2v-2h2v-2l1.4-1.4",
  policies: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z",
  others: "M5.5 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4M11 5a1.7 1.7 0 1 1 0 3.4A1.7 1.7 0 0 1 11 5M1.5 13c0-2.5 1.5-3.7 4-3.7s4 1.2 4 3.7M11 9.5c2.200 0 3.500 1 3.500 3.200",
  changes: "M3 5h8l-2-2M13 11H5l2 2",
  system: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  search: "M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5",
  copy: "M5 5h8v9H5zM3 11V2h8",
  dot: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6",
  bars: "M5.5 4v8M10.5 4v8",
  cross: "M4 4l8 8M12 4l-8 8",
  tick: "M3 8.5l3.5 3.5L13 4.5",
  square: "M5 5h6v6H5z",
  play: "M5 3l8 5-8 5z",
  warn: "M8 2l6.5 12h-13zM8 6.5v3.5M8 12h.1",
  menu: "M2 4h12M2 8h12M2 12h12",
  sun: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2",
  out: "M6 2H3v12h3M7 8h7M11 5l3 3-3 3",
} as const;

const FILLED: ReadonlySet<string> = new Set(["dot", "square", "play"]);

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill={FILLED.has(name) ? "currentColor" : undefined} />
    </svg>
  );
}
