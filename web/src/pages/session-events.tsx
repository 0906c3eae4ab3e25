// SPDX-License-Identifier: Apache-2.0
// Every event of a session's recording, as a list.
import { Button, Checkbox } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { Empty, Waiting, Wrong } from "../parts/bits";
import { TextFilter } from "../parts/filters";
import { Inert, inert } from "../parts/inert";
import { List } from "../parts/list";
import { clock } from "../parts/time";
import { loadTape } from "../player/load";
import { cannotDecode, NotHere } from "../player/not-here";
import { Tape } from "../player/tape";
import { lengthOf, type SessionEvent } from "../terminal/events";

interface Row {
  at: number;
  event: SessionEvent;
}

const LEFT_OUT = new Set(["event", "time_ms", "time", "sequence", "text", "base64"]);

function detail(event: SessionEvent): string {
  const facts = Object.entries(event)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== "" && value !== null)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const text = event.text ?? (event.base64 ? `${lengthOf(event)} bytes` : "");
  return [...facts, text].filter(Boolean).join("  ");
}

export function EventsTab({ id, live }: { id: string; live: boolean }) {
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<{ tape: Tape; count: number; done: boolean; error: unknown }>({ tape: new Tape(), count: 0, done: false, error: null });
  const [text, setText] = useState<string | undefined>();
  const [output, setOutput] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const tape = new Tape();
    setState({ tape, count: 0, done: false, error: null });
    loadTape(id, tape, stop.signal, (now) => setState({ tape, count: now.events, done: now.done, error: null })).catch((failed: unknown) => {
      if (!stop.signal.aborted) setState({ tape, count: tape.events.length, done: true, error: failed });
    });
    return () => stop.abort();
  }, [id, attempt]);
  const rows = useMemo(() => {
    const wanted = text?.toLowerCase();
    return state.tape.events
      .slice(0, state.count)
      .map((event, at): Row => ({ at, event }))
      .filter(({ event }) => (output || event.event !== "data") && (!wanted || `${event.event} ${detail(event)}`.toLowerCase().includes(wanted)));
  }, [state, text, output]);
  if (cannotDecode(state.error)) return <NotHere id={id} />;
  return (
    <div className="fill">
      <div className="filters">
        <TextFilter label="Text" value={text} change={setText} wide />
        <Checkbox label="With output" checked={output} onChange={(event) => setOutput(event.currentTarget.checked)} />
        {live && <Button variant="default" onClick={() => setAttempt(attempt + 1)}>Read again</Button>}
      </div>
      <Wrong error={state.error} />
      {!state.done && state.count === 0 && <Waiting what="Reading the recording" />}
      {state.done && rows.length === 0 && !state.error && <Empty title="No such event" />}
      {rows.length > 0 && (
        <List
          label="Events of the recording"
          rows={rows}
          id={(row) => String(row.at)}
          columns={[
            { name: "time", title: "Time", width: "80px", cell: (row) => <span className="mono">{clock(row.event.time_ms ?? 0)}</span> },
            { name: "event", title: "Event", width: "150px", cell: (row) => <Inert text={row.event.event} /> },
            { name: "detail", title: "Detail", width: "minmax(200px, 1fr)", cell: (row) => <span title={inert(detail(row.event)).slice(0, 2000)}><Inert text={detail(row.event)} most={400} mono /></span> },
          ]}
          narrow={(row) => (
            <>
              <div className="line"><span className="mono dim">{clock(row.event.time_ms ?? 0)}</span> <Inert text={row.event.event} /></div>
              <div className="cut"><Inert text={detail(row.event)} most={200} mono /></div>
            </>
          )}
        />
      )}
      <div className="list-foot" role="status">{rows.length} of {state.count} events{!state.done && ", reading on"}</div>
    </div>
  );
}
