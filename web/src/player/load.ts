// SPDX-License-Identifier: Apache-2.0
// Reads a recording's events as they come: one JSON object a line.
import { address, ask, path, Problem } from "../api/client";
import type { SessionEvent } from "../terminal/events";
import { Tape } from "./tape";

const SAY_MS = 200;

export interface Loading {
  done: boolean;
  events: number;
}

export async function loadTape(id: string, tape: Tape, signal: AbortSignal, say: (loading: Loading) => void): Promise<void> {
  const answer = await ask({ method: "GET", where: address(`/recordings${path(id)}/events`), signal });
  if (!answer.body) throw new Problem(0, "", "The gateway sent no recording.");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let said = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line, tape);
    if (tape.full) {
      await reader.cancel();
      break;
    }
    if (performance.now() - said > SAY_MS) {
      said = performance.now();
      say({ done: false, events: tape.events.length });
    }
  }
  take(rest, tape);
  say({ done: true, events: tape.events.length });
}

function take(line: string, tape: Tape) {
  if (!line.trim()) return;
  const event = JSON.parse(line) as SessionEvent & { error?: string; problem?: { detail?: string } };
  if (typeof event.error === "string" && event.event === undefined) throw new Problem(0, "", event.error);
  if (event.problem && event.event === undefined) throw new Problem(0, "", event.problem.detail ?? "The recording cannot be read.");
  tape.add(event);
}
