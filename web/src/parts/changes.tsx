// SPDX-License-Identifier: Apache-2.0
// Differences of two versions, as path, before and after; never by colour alone.
import { inert } from "./inert";
import type { Change } from "../api/types";

function shown(value: unknown): string {
  return inert(typeof value === "string" ? value : JSON.stringify(value) ?? "");
}

export function Changes({ changes, leftOut = 0 }: { changes: Change[]; leftOut?: number }) {
  if (changes.length === 0) return <p className="dim">Nothing differs.</p>;
  return (
    <div className="changes">
      {changes.map((change, at) => (
        <div key={at}>
          <bdi className="mono dim">{inert(change.path)}</bdi>
          {change.before !== undefined && change.before !== null && <del><span aria-hidden="true">− </span><bdi>{shown(change.before)}</bdi></del>}
          {change.after !== undefined && change.after !== null && <ins><span aria-hidden="true">+ </span><bdi>{shown(change.after)}</bdi></ins>}
        </div>
      ))}
      {leftOut > 0 && <p className="dim">and {leftOut} more</p>}
    </div>
  );
}

/** What an edit changes, field by field at the top and one level below. */
export function differences(before: Record<string, unknown>, after: Record<string, unknown>, prefix = ""): Change[] {
  const out: Change[] = [];
  for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const [a, b] = [before[key], after[key]];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    const maps = [a, b].every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
    if (maps) out.push(...differences(a as Record<string, unknown>, b as Record<string, unknown>, `${prefix}${key}.`));
    else out.push({ path: prefix + key, before: a, after: b });
  }
  return out;
}
