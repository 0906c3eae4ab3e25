// SPDX-License-Identifier: Apache-2.0
// The page that one keeps open: what runs, who waits, what was refused, whether the node is well.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import "../styles/overview.css";
import { get } from "../api/client";
import { useList } from "../api/lists";
import { isReader, useMe } from "../api/me";
import { spaced, useToDecide } from "../api/requests";
import type { AuditEvent, NodeStatus, Page, Session } from "../api/types";
import { PageFrame, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { Spark } from "../parts/spark";
import { State } from "../parts/state";
import { bytes, Lasting, Time } from "../parts/time";

const HOURS = 24;

export function OverviewPage() {
  const me = useMe();
  const reader = isReader(me);
  return (
    <PageFrame title="Overview">
      <div className="overview">
        <LiveCard />
        <WaitingCard />
        {reader && <HistoryCard />}
        {reader && <NodeCard />}
        {reader && <RefusedCard />}
        {!reader && <OwnCard />}
      </div>
    </PageFrame>
  );
}

function Card({ title, figure, to, children }: { title: string; figure?: ReactNode; to?: "/live" | "/requests" | "/recordings" | "/system" | "/audit" | "/connect"; children: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <div className="line card-head">
        <h2>{to ? <Link to={to}>{title}</Link> : title}</h2>
        {figure !== undefined && <span className="figure">{figure}</span>}
      </div>
      {children}
    </section>
  );
}

function Line({ session }: { session: Session }) {
  return (
    <li>
      <Link className="cut grow" to="/sessions/$id" params={{ id: session.id }}><Inert text={session.user} /> → <Inert text={`${session.account}@${session.target}`} /></Link>
      {session.state !== "live" && <State of={session.state} />}
      <span className="dim"><Lasting from={session.started_at} to={session.ended_at} /></span>
    </li>
  );
}

function LiveCard() {
  const list = useList<Session>("sessions", "/sessions", {}, { limit: 1000 });
  const newest = useMemo(() => [...list.rows].reverse().slice(0, 8), [list.rows]);
  return (
    <Card title="Live sessions" to="/live" figure={list.total ?? list.rows.length}>
      <Wrong error={list.error} />
      {!list.loading && newest.length === 0 && <p className="dim">None runs now. <Link to="/connect">Connect</Link> shows how to open one.</p>}
      <ul className="lines">{newest.map((session) => <Line key={session.id} session={session} />)}</ul>
    </Card>
  );
}

function WaitingCard() {
  const waiting = useToDecide();
  return (
    <Card title="Requests for you" to="/requests" figure={waiting.data?.length}>
      <Wrong error={waiting.error} />
      {waiting.data?.length === 0 && <p className="dim">Nobody waits for your decision.</p>}
      <ul className="lines">
        {waiting.data?.slice(0, 8).map((request) => (
          <li key={request.id}>
            <Link className="cut grow" to="/requests" search={{ show: request.id }}><Inert text={request.user} /> asks for <Inert text={`${request.account}@${request.targets.join(", ")}`} most={80} /></Link>
            <span className="mono">{spaced(request.code)}</span>
            <span className="dim"><Time at={request.created_at} /></span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function HistoryCard() {
  const since = useMemo(() => new Date(Date.now() - HOURS * 3_600_000), []);
  const list = useList<Session>("sessions", "/sessions", { all: true, since: since.toISOString() }, { limit: 1000 });
  const perHour = useMemo(() => {
    const out = new Array<number>(HOURS).fill(0);
    for (const session of list.rows) {
      const hour = Math.floor((new Date(session.started_at ?? 0).getTime() - since.getTime()) / 3_600_000);
      const at = Math.min(HOURS - 1, Math.max(0, hour));
      out[at] = (out[at] ?? 0) + 1;
    }
    return out;
  }, [list.rows, since]);
  return (
    <Card title="Sessions in 24 hours" to="/recordings" figure={list.total ?? list.rows.length}>
      <Spark values={perHour} label={`Sessions that began in each of the last ${HOURS} hours: ${perHour.join(", ")}`} />
      <div className="line between dim small"><span>24 h ago</span><span>most in an hour: {Math.max(...perHour)}</span><span>now</span></div>
      <ul className="lines">{list.rows.filter((one) => one.ended_at).slice(0, 4).map((session) => <Line key={session.id} session={session} />)}</ul>
    </Card>
  );
}

function NodeCard() {
  const node = useQuery({ queryKey: ["node"], queryFn: ({ signal }) => get<NodeStatus>("/node", {}, signal), refetchInterval: 15_000 });
  const facts = node.data;
  return (
    <Card title="This node" to="/system" figure={facts && <State of={facts.audit_waiting > 100 ? "behind" : "well"} />}>
      <Wrong error={node.error} />
      {facts && (
        <dl className="facts">
          <dt>Sessions</dt><dd>{facts.sessions} of at most {facts.max_sessions}</dd>
          <dt>Room for recordings</dt><dd>{bytes(facts.recordings_free_bytes)}</dd>
          <dt>Runs since</dt><dd><Time at={facts.started_at} /></dd>
          <dt>Version</dt><dd><Inert text={facts.version} /></dd>
        </dl>
      )}
    </Card>
  );
}

function RefusedCard() {
  const refused = useQuery({
    queryKey: ["audit", "refused"],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(["auth.failure", "session.refused", "session.revoked", "admin.denied"].map((type) => get<Page<AuditEvent>>("/audit", { type, limit: 20 }, signal)));
      return pages.flatMap((page) => page.items).sort((a, b) => b.time.localeCompare(a.time)).slice(0, 10);
    },
    refetchInterval: 15_000,
  });
  return (
    <Card title="Refused and revoked" to="/audit">
      <Wrong error={refused.error} />
      {refused.data?.length === 0 && <p className="dim">Nothing was refused.</p>}
      <ul className="lines">
        {refused.data?.map((event) => (
          <li key={`${event.node}:${event.seq}`}>
            <span className="mono">{<Inert text={event.type} />}</span>
            <span className="cut grow"><Inert text={event.actor || event.login || event.source || ""} /> <span className="dim"><Inert text={event.reason ?? ""} most={200} /></span></span>
            <span className="dim"><Time at={event.time} /></span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function OwnCard() {
  const list = useList<Session>("sessions", "/sessions", { all: true }, { limit: 8 });
  return (
    <Card title="Your sessions" figure={list.total ?? undefined}>
      <Wrong error={list.error} />
      {!list.loading && list.rows.length === 0 && <p className="dim">None so far. <Link to="/connect">Connect</Link> shows your targets.</p>}
      <ul className="lines">{list.rows.map((session) => <Line key={session.id} session={session} />)}</ul>
    </Card>
  );
}
