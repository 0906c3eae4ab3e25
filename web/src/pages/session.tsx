// SPDX-License-Identifier: Apache-2.0
// One session, live or past: its screen, events, audit events and evidence.
import { Tabs } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback } from "react";
import "../styles/session.css";
import { get, path } from "../api/client";
import { isReader, useMe } from "../api/me";
import type { Session } from "../api/types";
import { Acts } from "../parts/acts";
import { Empty, Fact, Ident, PageFrame, Waiting, Wrong } from "../parts/bits";
import { Inert, inert } from "../parts/inert";
import { State } from "../parts/state";
import { Lasting, Time } from "../parts/time";
import { AuditTab } from "./session-audit";
import { EventsTab } from "./session-events";
import { EvidenceTab } from "./session-evidence";

const Watch = lazy(() => import("../terminal/watch").then((module) => ({ default: module.Watch })));
const Player = lazy(() => import("../player/player").then((module) => ({ default: module.Player })));

export function useSession(id: string) {
  return useQuery({
    queryKey: ["sessions", "one", id],
    queryFn: ({ signal }) => get<Session>(`/sessions${path(id)}`, {}, signal),
  });
}

function timeIn(text: string | undefined): number {
  const seconds = Number(text ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

export function SessionPage() {
  const { id } = useParams({ from: "/sessions/$id" });
  const { tab, t } = useSearch({ from: "/sessions/$id" });
  const navigate = useNavigate({ from: "/sessions/$id" });
  const queries = useQueryClient();
  const me = useMe();
  const session = useSession(id);
  const link = useCallback((seconds: number) => `${window.location.origin}/sessions/${encodeURIComponent(id)}?t=${seconds}`, [id]);
  const changed = useCallback(
    (state: string) => {
      if (state === "ended" || state === "lost") void queries.invalidateQueries({ queryKey: ["sessions"] });
    },
    [queries],
  );
  if (session.isPending) return <Waiting what="Loading the session" />;
  if (!session.data) {
    return (
      <PageFrame title="Session">
        <Wrong error={session.error} again={() => void session.refetch()} />
      </PageFrame>
    );
  }
  const facts = session.data;
  const over = facts.state === "ended" || facts.ended_at !== null;
  const label = inert(`Screen of ${facts.user} on ${facts.account}@${facts.target}`);
  const reader = isReader(me);
  return (
    <div className="fill session">
      <PageFrame
        title={`${facts.user} → ${facts.account}@${facts.target}`}
        heading={<><Inert text={facts.user} /> → <Inert text={`${facts.account}@${facts.target}`} /> <State of={over ? "ended" : facts.state} /></>}
        aside={!over && <Acts session={facts} />}
      >
        <Header facts={facts} over={over} />
        {!reader && <Empty title="Recordings are for auditors"><p>You see what your session was. Its screen and its events are for auditors and administrators.</p></Empty>}
        {reader && (
          <Tabs value={tab ?? "screen"} onChange={(next) => void navigate({ search: { tab: next === "screen" ? undefined : (next ?? undefined) }, replace: true })} keepMounted={false} className="session-tabs">
            <Tabs.List>
              <Tabs.Tab value="screen">Screen</Tabs.Tab>
              <Tabs.Tab value="events">Events</Tabs.Tab>
              <Tabs.Tab value="audit">Audit</Tabs.Tab>
              <Tabs.Tab value="evidence">Evidence</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="screen">
              <Suspense fallback={<Waiting what="Loading the terminal" />}>
                {over ? <Player id={id} label={label} start={timeIn(t)} link={link} /> : <Watch id={id} label={label} onState={changed} />}
              </Suspense>
            </Tabs.Panel>
            <Tabs.Panel value="events"><EventsTab id={id} live={!over} /></Tabs.Panel>
            <Tabs.Panel value="audit"><AuditTab id={id} /></Tabs.Panel>
            <Tabs.Panel value="evidence"><EvidenceTab session={facts} /></Tabs.Panel>
          </Tabs>
        )}
      </PageFrame>
    </div>
  );
}

// A name stays on the line of what it names.
function Pair(props: React.ComponentProps<typeof Fact>) {
  return <div><Fact {...props} /></div>;
}

function Header({ facts, over }: { facts: Session; over: boolean }) {
  return (
    <dl className="facts across">
      <Pair name="Since"><Time at={facts.started_at} absolute /></Pair>
      <Pair name={over ? "Lasted" : "For"}><Lasting from={facts.started_at} to={facts.ended_at} /></Pair>
      <Pair name="Protocol"><Inert text={facts.protocol} /></Pair>
      <Pair name="From"><Inert text={facts.source} mono /></Pair>
      {facts.via && <Pair name="Through"><Inert text={facts.via} /></Pair>}
      {facts.node && <Pair name="Node"><Inert text={facts.node} /></Pair>}
      {over && facts.end_reason && <Pair name="Ended by"><Inert text={facts.end_reason} /></Pair>}
      {typeof facts.request === "string" && <Pair name="Approval"><Link to="/requests" search={{ show: facts.request }}><Inert text={facts.request} mono /></Link></Pair>}
      <Pair name="Id"><Ident id={facts.id} /></Pair>
    </dl>
  );
}
