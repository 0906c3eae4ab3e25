// SPDX-License-Identifier: Apache-2.0
// The audit log: what happened, the newest first.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { get, send } from "../api/client";
import type { AuditEvent, Page } from "../api/types";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { dayBound, TextFilter } from "../parts/filters";
import { Inert } from "../parts/inert";
import { State } from "../parts/state";
import { AuditList } from "./audit-list";

const FIRST = 200;
const MOST = 1000;

export function AuditPage() {
  const filter = useSearch({ from: "/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const set = (next: Partial<typeof filter>) => void navigate({ search: { ...filter, ...next }, replace: true });
  const [limit, setLimit] = useState(FIRST);
  const parameters = { ...filter, since: dayBound(filter.since, false), until: dayBound(filter.until, true), limit };
  const events = useQuery({
    queryKey: ["audit", "search", parameters],
    queryFn: ({ signal }) => get<Page<AuditEvent>>("/audit", parameters, signal),
    placeholderData: (before) => before,
  });
  const newestFirst = useMemo(() => [...(events.data?.items ?? [])].reverse(), [events.data]);
  const filtered = Object.values(filter).some(Boolean);
  return (
    <div className="fill">
      <PageFrame title="Audit" aside={<Proof />}>
        <div className="filters" role="search" aria-label="Search the audit log">
          <TextFilter label="Text in the event" value={filter.text} change={(text) => set({ text })} wide />
          <TextFilter label="Type, or auth." value={filter.type} change={(type) => set({ type })} />
          <TextFilter label="By" value={filter.actor} change={(actor) => set({ actor })} />
          <TextFilter label="Session" value={filter.session} change={(session) => set({ session })} />
          <TextFilter label="From day" type="date" value={filter.since} change={(since) => set({ since })} />
          <TextFilter label="To day" type="date" value={filter.until} change={(until) => set({ until })} />
          {filtered && <Button variant="subtle" onClick={() => void navigate({ search: {} })}>Clear</Button>}
        </div>
        <Wrong error={events.error} again={() => void events.refetch()} />
        {events.isPending && <Waiting what="Searching" />}
        {events.data && newestFirst.length === 0 && <Empty title={filtered ? "No event matches" : "The audit log is empty"} />}
        {newestFirst.length > 0 && <AuditList rows={newestFirst} />}
        <div className="list-foot">
          <span>The newest {newestFirst.length}{filtered ? " that match" : ""}</span>
          {newestFirst.length >= limit && limit < MOST && <Button variant="subtle" onClick={() => setLimit(MOST)} loading={events.isFetching}>Show up to {MOST}</Button>}
          {newestFirst.length >= MOST && <span>For more, choose days, or use <code>sallyport audit export</code>.</span>}
        </div>
      </PageFrame>
    </div>
  );
}

interface Verdict {
  ok: boolean;
  events: number;
  heads: number;
  problem?: string;
  faults?: unknown[];
}

/** Whether the log holds, checked now: a walk over all of it. */
function Proof() {
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const verify = () => {
    setBusy(true);
    setError(null);
    send<Verdict>("POST", "/audit/verify", {}).then(setVerdict, setError).finally(() => setBusy(false));
  };
  return (
    <div className="line" role="status">
      <Wrong error={error} />
      {verdict && <><State of={verdict.ok ? "sound" : "damaged"} /><span className="small">{verdict.ok ? `${verdict.events} events, ${verdict.heads} signed heads` : <Inert text={verdict.problem ?? "the log holds faults that nobody has looked into"} />}</span></>}
      <Button variant="default" onClick={verify} loading={busy}>Verify the log</Button>
    </div>
  );
}
