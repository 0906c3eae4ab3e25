// SPDX-License-Identifier: Apache-2.0
// What happened in a recording, as a list beside the player.
import { memo } from "react";
import { Icon, type IconName } from "../parts/icon";
import { Inert } from "../parts/inert";
import { clock } from "../parts/time";
import type { Mark, MarkKind } from "./tape";

const ICONS: Record<MarkKind, [IconName, string]> = {
  command: ["connect", "command"],
  refusal: ["cross", "refusal"],
  act: ["people", "act"],
  exit: ["square", "end"],
  begin: ["dot", "mark"],
};
const MOST = 1000;

export const MarkList = memo(function MarkList({ marks, position, seek }: { marks: Mark[]; count: number; position: number; seek: (time: number) => void }) {
  let current = -1;
  marks.forEach((mark, at) => {
    if (mark.time <= position + 1) current = at;
  });
  return (
    <section aria-label="Commands and marks" className="card mark-box">
      <h2>Commands and marks</h2>
      {marks.length === 0 && <p className="dim">None yet.</p>}
      <ul className="marks">
        {marks.slice(0, MOST).map((mark, at) => (
          <li key={at}>
            <button type="button" onClick={() => seek(mark.time)} aria-current={at === current ? "step" : undefined} className={mark.kind}>
              <span className="mono dim">{clock(mark.time)}</span>
              <Icon name={ICONS[mark.kind][0]} size={12} />
              <span className="hidden-words">{ICONS[mark.kind][1]}: </span>
              <span className="cut"><Inert text={mark.text} most={300} mono={mark.kind === "command"} /></span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
});
