// SPDX-License-Identifier: Apache-2.0
// Text that users and targets control, made harmless to look at: control characters and characters that reorder or hide
// text are shown as escapes, and the text cannot reorder what stands around it.
import { Fragment } from "react";

// C0 and C1 controls, soft hyphen, zero-width and bidirectional characters, line and paragraph separators, tags,
// variation selectors' supplement, and lone surrogates.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Cs}/gu;

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" };

export function escaped(character: string): string {
  return NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** For titles, labels and whatever is no element. */
export function inert(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** How much of a text is shown where nothing else is said. */
const MOST = 4000;

export function Inert({ text, most = MOST, mono = false }: { text: unknown; most?: number; mono?: boolean }) {
  const whole = typeof text === "string" ? text : text === undefined || text === null ? "" : JSON.stringify(text) ?? "";
  const cut = whole.length > most ? whole.slice(0, most) : whole;
  const parts: (string | { escape: string })[] = [];
  let from = 0;
  for (const found of cut.matchAll(HIDDEN)) {
    parts.push(cut.slice(from, found.index), { escape: escaped(found[0]) });
    from = found.index + found[0].length;
  }
  parts.push(cut.slice(from));
  return (
    <bdi className={mono ? "mono" : undefined}>
      {parts.map((part, at) => (typeof part === "string" ? <Fragment key={at}>{part}</Fragment> : <span key={at} className="escape">{part.escape}</span>))}
      {whole.length > most && <span className="dim"> … {whole.length - most} more characters</span>}
    </bdi>
  );
}
