// SPDX-License-Identifier: Apache-2.0
// Several live sessions at once.
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import "../styles/wall.css";
import type { Session } from "../api/types";
import { Waiting } from "../parts/bits";
import { Inert, inert } from "../parts/inert";
import { State } from "../parts/state";

const Watch = lazy(() => import("../terminal/watch").then((module) => ({ default: module.Watch })));
const MOST = 16;

export function Wall({ sessions }: { sessions: Session[] }) {
  const shown = sessions.slice(0, MOST);
  return (
    <>
      <div className={`wall of-${shown.length > 9 ? 16 : shown.length > 4 ? 9 : shown.length > 1 ? 4 : 1}`}>
        {shown.map((session) => (
          <section key={session.id} aria-label={inert(`${session.user} → ${session.account}@${session.target}, session ${session.id}`)}>
            <div className="line wall-head">
              <Link className="cut grow" to="/sessions/$id" params={{ id: session.id }}>
                <Inert text={session.user} /> → <Inert text={`${session.account}@${session.target}`} />
              </Link>
              <State of={session.state} />
            </div>
            <Suspense fallback={<Waiting what="Loading the terminal" />}>
              <Watch id={session.id} label={inert(`Screen of ${session.user} on ${session.target}`)} small />
            </Suspense>
          </section>
        ))}
      </div>
      {sessions.length > MOST && <p className="dim">The wall shows {MOST} of {sessions.length} sessions. Filter to choose.</p>}
    </>
  );
}
