// SPDX-License-Identifier: Apache-2.0
// Changes that wait for a second administrator: those to decide, emergencies to review, all.
import { Button, Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import "../styles/requests.css";
import "../styles/resources.css";
import { useChange, useChangesToDecide, type PendingChange } from "../api/changes";
import { useList } from "../api/lists";
import { can, useMe } from "../api/me";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { ChangeCard } from "./change-card";

const TABS: ReadonlySet<string> = new Set(["decide", "review", "all"]);

export function ChangesPage() {
  const { show } = useSearch({ from: "/changes" });
  const navigate = useNavigate({ from: "/changes" });
  const me = useMe();
  const decides = can(me, "change.decide");
  const toDecide = useChangesToDecide();
  const tab = show ?? (decides ? "decide" : "all");
  const go = (next: string | null) => void navigate({ search: { show: next ?? undefined } });
  if (!TABS.has(tab)) {
    return (
      <PageFrame title="Changes">
        <One id={tab} back={() => go(null)} />
      </PageFrame>
    );
  }
  const waiting = toDecide.data?.length ?? 0;
  return (
    <PageFrame title="Changes">
      <p className="dim">What one administrator changes counts once another one has seen and approved it, where the gateway’s configuration asks for that.</p>
      <Tabs value={tab} onChange={go} keepMounted={false}>
        <Tabs.List>
          {decides && <Tabs.Tab value="decide">To decide{waiting > 0 && <span className="state held tab-count">{waiting}</span>}</Tabs.Tab>}
          <Tabs.Tab value="review">To review</Tabs.Tab>
          <Tabs.Tab value="all">All</Tabs.Tab>
        </Tabs.List>
        {decides && (
          <Tabs.Panel value="decide" pt={12}>
            <div className="stack">
              <Wrong error={toDecide.error} again={() => void toDecide.refetch()} />
              {toDecide.isPending && <Waiting what="Loading the changes" />}
              {toDecide.data?.map((change) => <ChangeCard key={change.id} change={change} open />)}
              {toDecide.data?.length === 0 && (
                <Empty title="No change waits for you">
                  <p>When another administrator changes a policy, a key or a role, and the gateway demands a second administrator, the change appears here with its difference.</p>
                </Empty>
              )}
            </div>
          </Tabs.Panel>
        )}
        <Tabs.Panel value="review" pt={12}><Several parameters={{ to_review: true }} nothing="No change of an emergency waits for a review" /></Tabs.Panel>
        <Tabs.Panel value="all" pt={12}><Several parameters={{}} nothing="No change has waited yet" /></Tabs.Panel>
      </Tabs>
    </PageFrame>
  );
}

function Several({ parameters, nothing }: { parameters: Record<string, boolean>; nothing: string }) {
  const list = useList<PendingChange>("changes", "/changes", parameters, { limit: 50 });
  return (
    <div className="stack">
      <Wrong error={list.error} again={list.refetch} />
      {list.loading && <Waiting what="Loading the changes" />}
      {list.rows.map((change) => <ChangeCard key={change.id} change={change} />)}
      {!list.loading && !list.error && list.rows.length === 0 && (
        <Empty title={nothing}>
          <p>Root of the gateway’s machine says which changes wait: <code>changes: {"{second_administrator: [policy, keys, roles]}"}</code> in its configuration.</p>
        </Empty>
      )}
      {list.more && <div><Button variant="default" onClick={list.fetchMore} loading={list.fetching}>Show more</Button></div>}
    </div>
  );
}

function One({ id, back }: { id: string; back: () => void }) {
  const change = useChange(id);
  return (
    <div className="stack">
      <div><Button variant="subtle" onClick={back}>All changes</Button></div>
      <Wrong error={change.error} again={() => void change.refetch()} />
      {change.isPending && <Waiting what="Loading the change" />}
      {change.data && <ChangeCard change={change.data} open />}
    </div>
  );
}
