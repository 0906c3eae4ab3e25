// SPDX-License-Identifier: Apache-2.0
// Recordings, the newest first.
import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { useList } from "../api/lists";
import type { Recording } from "../api/types";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { dayBound, TextFilter } from "../parts/filters";
import { Inert } from "../parts/inert";
import { List } from "../parts/list";
import { State } from "../parts/state";
import { bytes, Lasting, Time } from "../parts/time";

export function RecordingsPage() {
  const filter = useSearch({ from: "/recordings" });
  const navigate = useNavigate({ from: "/recordings" });
  const set = (next: Partial<typeof filter>) => void navigate({ search: { ...filter, ...next }, replace: true });
  const list = useList<Recording>("recordings", "/recordings", { user: filter.user, account: filter.account, target: filter.target, since: dayBound(filter.since, false), until: dayBound(filter.until, true) });
  const open = useCallback((row: Recording) => void navigate({ to: "/sessions/$id", params: { id: row.id } }), [navigate]);
  const filtered = Object.values(filter).some(Boolean);
  return (
    <div className="fill">
      <PageFrame title="Recordings" heading={<>Recordings {list.total !== null && <span className="dim">{list.total}</span>}</>}>
        <div className="filters" role="search" aria-label="Filter the recordings">
          <TextFilter label="User" value={filter.user} change={(user) => set({ user })} />
          <TextFilter label="Target" value={filter.target} change={(target) => set({ target })} />
          <TextFilter label="Account" value={filter.account} change={(account) => set({ account })} />
          <TextFilter label="From day" type="date" value={filter.since} change={(since) => set({ since })} />
          <TextFilter label="To day" type="date" value={filter.until} change={(until) => set({ until })} />
          {filtered && <Button variant="subtle" onClick={() => void navigate({ search: {} })}>Clear</Button>}
        </div>
        <Wrong error={list.error} again={list.refetch} />
        {list.loading && <Waiting what="Loading the recordings" />}
        {!list.loading && !list.error && list.rows.length === 0 && (
          <Empty title={filtered ? "No recording matches" : "Nothing is recorded yet"}>
            {!filtered && <p>Every session is recorded from its first byte. The first one appears here when somebody connects: see <Link to="/connect">Connect</Link>.</p>}
          </Empty>
        )}
        {list.rows.length > 0 && (
          <List
            label="Recordings"
            rows={list.rows}
            id={(row) => row.id}
            open={open}
            total={list.total}
            onEnd={list.fetchMore}
            columns={[
              { name: "state", title: "State", width: "110px", cell: (row) => <State of={row.state} /> },
              { name: "who", title: "User → account@target", width: "minmax(150px, 2fr)", cell: (row) => <Link to="/sessions/$id" params={{ id: row.id }}><Inert text={row.user} /> → <Inert text={`${row.account}@${row.target}`} /></Link> },
              { name: "started", title: "Started", width: "185px", cell: (row) => <Time at={row.started_at} absolute /> },
              { name: "lasted", title: "Lasted", width: "64px", number: true, cell: (row) => <Lasting from={row.started_at} to={row.ended_at} /> },
              { name: "size", title: "Size", width: "72px", number: true, cell: (row) => bytes(row.bytes) },
              { name: "from", title: "From", width: "minmax(70px, 1fr)", cell: (row) => <Inert text={row.source} mono /> },
              { name: "integrity", title: "Integrity", width: "110px", cell: (row) => <State of={row.integrity} /> },
              { name: "reason", title: "Ended by", width: "minmax(60px, 1.5fr)", cell: (row) => <Inert text={row.end_reason} /> },
            ]}
            narrow={(row) => (
              <>
                <div className="line">
                  <Link className="cut grow" to="/sessions/$id" params={{ id: row.id }}><Inert text={row.user} /> → <Inert text={`${row.account}@${row.target}`} /></Link>
                  <State of={row.state} />
                </div>
                <div className="dim cut"><Time at={row.started_at} /> · <Lasting from={row.started_at} to={row.ended_at} /> · {bytes(row.bytes)}</div>
              </>
            )}
          />
        )}
        <div className="list-foot"><span>{list.rows.length > 0 && list.total !== null && `${list.rows.length} of ${list.total} loaded`}</span></div>
      </PageFrame>
    </div>
  );
}
