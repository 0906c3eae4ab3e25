// SPDX-License-Identifier: Apache-2.0
// Sessions that run now. They arrive and change by themselves.
import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useList } from "../api/lists";
import { isReader, useMe } from "../api/me";
import type { Session } from "../api/types";
import { Acts } from "../parts/acts";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { ChoiceFilter, TextFilter } from "../parts/filters";
import { Inert } from "../parts/inert";
import { List, type Column } from "../parts/list";
import { State } from "../parts/state";
import { useSteady } from "../parts/steady";
import { Lasting } from "../parts/time";
import { Wall } from "./wall";

const idOf = (row: Session) => row.id;

function columns(gone: Set<string>): Column<Session>[] {
  return [
    { name: "state", title: "State", width: "110px", cell: (row) => <State of={gone.has(row.id) ? "ended" : row.state} /> },
    {
      name: "who",
      title: "User → account@target",
      width: "minmax(220px, 2fr)",
      cell: (row) => (
        <Link to="/sessions/$id" params={{ id: row.id }}>
          <Inert text={row.user} /> → <Inert text={`${row.account}@${row.target}`} />
        </Link>
      ),
    },
    { name: "protocol", title: "Protocol", width: "80px", cell: (row) => <Inert text={row.protocol} /> },
    { name: "source", title: "From", width: "minmax(120px, 1fr)", cell: (row) => <Inert text={row.source} mono /> },
    { name: "since", title: "For", width: "90px", number: true, cell: (row) => <Lasting from={row.started_at} /> },
    { name: "acts", title: "Acts", width: "130px", cell: (row) => !gone.has(row.id) && <span className="line tight row-acts"><Acts session={row} few /></span> },
  ];
}

export function LivePage() {
  const filter = useSearch({ from: "/live" });
  const navigate = useNavigate({ from: "/live" });
  const me = useMe();
  const set = (next: Partial<typeof filter>) => void navigate({ search: { ...filter, ...next }, replace: true });
  const list = useList<Session>("sessions", "/sessions", { user: filter.user, account: filter.account, target: filter.target, state: filter.state }, { limit: 1000 });
  const newestFirst = useMemo(() => [...list.rows].reverse(), [list.rows]);
  const steady = useSteady(newestFirst, idOf);
  const open = useCallback((row: Session) => void navigate({ to: "/sessions/$id", params: { id: row.id } }), [navigate]);
  const filtered = Boolean(filter.user ?? filter.account ?? filter.target ?? filter.state);
  const wall = filter.view === "wall";
  return (
    <div className="fill">
      <PageFrame
        title="Live"
        heading={<>Live <span className="dim">{list.total ?? list.rows.length}</span></>}
        aside={isReader(me) && (
          <Button variant="default" onClick={() => set({ view: wall ? undefined : "wall" })}>
            {wall ? "Show as a list" : "Show as a wall"}
          </Button>
        )}
      >
        <div className="filters" role="search" aria-label="Filter the sessions">
          <TextFilter label="User" value={filter.user} change={(user) => set({ user })} />
          <TextFilter label="Target" value={filter.target} change={(target) => set({ target })} />
          <TextFilter label="Account" value={filter.account} change={(account) => set({ account })} />
          <ChoiceFilter label="State" value={filter.state} choices={["live", "paused", "suspended", "opening"]} change={(state) => set({ state })} />
          {filtered && <Button variant="subtle" onClick={() => set({ user: undefined, account: undefined, target: undefined, state: undefined })}>Clear</Button>}
        </div>
        <Wrong error={list.error} again={list.refetch} />
        <div role="status" aria-live="polite">
          {steady.waiting > 0 && (
            <Button className="news" variant="light" onClick={steady.merge}>
              {steady.waiting} new {steady.waiting === 1 ? "session" : "sessions"}: show
            </Button>
          )}
        </div>
        {list.loading && <Waiting what="Loading the sessions" />}
        {!list.loading && steady.rows.length === 0 && (filtered ? <Empty title="No session matches" /> : <NothingLive />)}
        {steady.rows.length > 0 && wall && <Wall sessions={steady.rows} />}
        {steady.rows.length > 0 && !wall && (
          <div className="fill" ref={steady.box}>
            <List
              label="Sessions that run now"
              columns={columns(steady.gone)}
              rows={steady.rows}
              id={idOf}
              open={open}
              total={list.total}
              dimmed={(row) => steady.gone.has(row.id)}
              onEnd={list.fetchMore}
              narrow={(row) => (
                <>
                  <div className="line">
                    <Link className="cut grow" to="/sessions/$id" params={{ id: row.id }}>
                      <Inert text={row.user} /> → <Inert text={`${row.account}@${row.target}`} />
                    </Link>
                    <State of={steady.gone.has(row.id) ? "ended" : row.state} />
                  </div>
                  <div className="dim cut">
                    <Inert text={row.source} mono /> · <Lasting from={row.started_at} />
                  </div>
                </>
              )}
            />
          </div>
        )}
      </PageFrame>
    </div>
  );
}

function NothingLive() {
  return (
    <Empty title="No session runs now">
      <p>Sessions appear here the moment they open, and you can watch, pause and end them.</p>
      <p>
        To open one: <code>ssh -p PORT USER@ACCOUNT@TARGET@GATEWAY</code>. The page <Link to="/connect">Connect</Link> has the command for each of your targets.
      </p>
    </Empty>
  );
}
