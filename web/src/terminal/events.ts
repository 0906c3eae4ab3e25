// SPDX-License-Identifier: Apache-2.0
// Events of sessions as the API gives them (docs/cli.md, "Events"), live and recorded.

export interface SessionEvent {
  event?: string;
  time_ms?: number;
  time?: string;
  sequence?: number;
  channel?: number;
  direction?: string;
  stream?: string;
  text?: string;
  base64?: string;
  request?: string;
  columns?: number;
  rows?: number;
  as_of?: number;
  follows_gap?: boolean;
  more?: boolean;
  [key: string]: unknown;
}

export interface Size {
  columns: number;
  rows: number;
}

export function bytesOf(event: SessionEvent): string | Uint8Array {
  if (typeof event.base64 === "string") {
    try {
      return Uint8Array.from(atob(event.base64), (c) => c.charCodeAt(0));
    } catch {
      return "";
    }
  }
  return typeof event.text === "string" ? event.text : "";
}

export function lengthOf(event: SessionEvent): number {
  return event.base64 ? Math.floor(event.base64.length * 0.75) : (event.text?.length ?? 0);
}

/** Output that draws on the terminal of a channel. */
export function isOutput(event: SessionEvent): boolean {
  return event.event === "data" && event.direction !== "up";
}

/** The size that an event gives its channel's terminal. */
export function sizeOf(event: SessionEvent): Size | null {
  const sizing = event.event === "keyframe" || (event.event === "request" && (event.request === "pty" || event.request === "window-change"));
  if (!sizing || typeof event.columns !== "number" || typeof event.rows !== "number") return null;
  // A client may announce no size at all (RFC 4254 §6.2).
  return { columns: event.columns || 80, rows: event.rows || 24 };
}

export function isPty(event: SessionEvent): boolean {
  return event.event === "request" && event.request === "pty";
}

/** The start of a program, which may have no terminal. */
export function isExec(event: SessionEvent): boolean {
  return event.event === "request" && event.request === "exec";
}

/** What the gateway told the user, in words. */
export function toldBy(event: SessionEvent): string | null {
  if (event.event !== "control") return null;
  const text = typeof event.text === "string" && event.text ? `: ${event.text}` : "";
  return `${String(event.action)} by ${String(event.actor)}${text}`;
}
