// SPDX-License-Identifier: Apache-2.0
// What would have become of past sessions without a policy.
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { send } from "../api/client";
import type { Page } from "../api/types";
import { Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { State } from "../parts/state";
import { Time } from "../parts/time";

interface Replayed {
  id: string;
  user: string;
  account: string;
  target: string;
  started_at: string;
  verdict: string;
  reason: string;
}

interface Answer extends Page<Replayed> {
  sessions?: number;
  refused?: number;
  conditional?: number;
}

export function Replay({ name }: { name: string }) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = () => {
    setBusy(true);
    setError(null);
    const since = new Date(Date.now() - 30 * 86_400_000).toISOString();
    send<Answer>("POST", "/policy/replay", { without: [name], since })
      .then(setAnswer, setError)
      .finally(() => setBusy(false));
  };
  return (
    <section className="stack" aria-label="What depends on this policy">
      <h3>What depends on it</h3>
      <p className="dim">Decides the sessions of the last 30 days again, without this policy. Nothing changes.</p>
      <div><Button variant="default" onClick={run} loading={busy}>Replay without it</Button></div>
      <Wrong error={error} />
      {answer && (
        <div role="status" className="stack">
          <p>{answer.items.length === 0 ? "No session depends on it." : `${answer.items.length} of ${answer.sessions ?? "all"} sessions would have been refused, or would have needed more.`}</p>
          <ul className="small">
            {answer.items.slice(0, 100).map((one) => (
              <li key={one.id}>
                <Link to="/sessions/$id" params={{ id: one.id }}><Inert text={`${one.user} → ${one.account}@${one.target}`} /></Link> <Time at={one.started_at} /> <State of={one.verdict} /> <Inert text={one.reason} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
