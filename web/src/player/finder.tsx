// SPDX-License-Identifier: Apache-2.0
// Search inside a recording's output.
import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { inert } from "../parts/inert";
import { clock } from "../parts/time";
import type { Tape } from "./tape";

export function Finder({ tape, seek, close }: { tape: Tape; seek: (time: number) => void; close: () => void }) {
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text, 200);
  const hits = useMemo(() => tape.search(wanted), [tape, wanted]);
  return (
    <section className="card finder" aria-label="Search in this recording">
      <div className="line">
        <TextInput className="grow" autoFocus aria-label="Text in the output" placeholder="Text in the output" value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && close()} />
        <Button variant="default" onClick={close}>Close</Button>
      </div>
      <div role="status" className="dim small">{wanted && `${hits.length === 200 ? "the first 200" : hits.length} found`}</div>
      <ul className="marks">
        {hits.map((hit, at) => (
          <li key={at}>
            <button type="button" onClick={() => seek(hit.time)}>
              <span className="mono dim">{clock(hit.time)}</span>
              <bdi className="mono cut">{inert(hit.before.replace(/\s+/g, " "))}<mark>{inert(hit.found)}</mark>{inert(hit.after.replace(/\s+/g, " "))}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
