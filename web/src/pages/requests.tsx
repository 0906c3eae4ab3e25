// SPDX-License-Identifier: Apache-2.0
// Requests for access: those to decide, one's own, all. Approving and denying show what follows, in one sentence.
import { Button, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";
import "../styles/requests.css";
import { get, path } from "../api/client";
import { useList } from "../api/lists";
import { isReader, useMe } from "../api/me";
import { useNoticePermission } from "../api/notices";
import { useToDecide } from "../api/requests";
import type { AccessRequest } from "../api/types";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { AskForm } from "./request-ask";
import { RequestCard } from "./request-card";

/** `a` and `d` on a request that has the focus open its decision. */
function useKeys(choose: (id: string, verdict: "approve" | "deny") => void) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, select, [role=dialog]")) return;
      const verdict = { a: "approve", d: "deny" }[event.key] as "approve" | "deny" | undefined;
      const card = target.closest<HTMLElement>("[data-request]") ?? box.current?.querySelector<HTMLElement>("[data-request][data-decide=true]");
      if (!verdict || !card?.dataset.request || card.dataset.decide !== "true") return;
      event.preventDefault();
      choose(card.dataset.request, verdict);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [choose]);
  return box;
}

export function RequestsPage() {
  const { show, account, target } = useSearch({ from: "/requests" });
  const navigate = useNavigate({ from: "/requests" });
  const me = useMe();
  const toDecide = useToDecide();
  const [notices, askForNotices] = useNoticePermission();
  const [deciding, setDeciding] = useState<{ id: string; verdict: "approve" | "deny" } | null>(null);
  const box = useKeys((id, verdict) => setDeciding({ id, verdict }));
  const asking = show === "ask";
  const tab = show === "mine" || show === "all" || show === "review" ? show : "decide";
  const one = show && !["ask", "mine", "all", "review", "decide"].includes(show) ? show : null;
  const go = (next: string | undefined) => void navigate({ search: next ? { show: next } : {} });
  const card = (request: AccessRequest, decide: boolean) => (
    <RequestCard key={request.id} request={request} decide={decide} deciding={deciding?.id === request.id ? deciding.verdict : null} setDeciding={(verdict) => setDeciding(verdict ? { id: request.id, verdict } : null)} />
  );
  return (
    <PageFrame title="Requests" aside={<>{notices && <Button variant="default" onClick={askForNotices}>Notify me of requests</Button>}<Button onClick={() => go("ask")}>Ask for access</Button></>}>
      {asking && <AskForm account={account} target={target} close={(created) => go(created ? "mine" : undefined)} />}
      {one && <One id={one} card={(request) => card(request, toDecide.data?.some((other) => other.id === request.id) ?? false)} back={() => go(undefined)} />}
      {!one && (
        <Tabs value={tab} onChange={(next) => go(next === "decide" ? undefined : (next ?? undefined))} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="decide">To decide{toDecide.data && toDecide.data.length > 0 && <span className="state held tab-count">{toDecide.data.length}</span>}</Tabs.Tab>
            <Tabs.Tab value="review">To review</Tabs.Tab>
            <Tabs.Tab value="mine">Yours</Tabs.Tab>
            {isReader(me) && <Tabs.Tab value="all">All</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="decide" pt={12}>
            <div className="stack" ref={box}>
              <Wrong error={toDecide.error} again={() => void toDecide.refetch()} />
              {toDecide.isPending && <Waiting what="Loading the requests" />}
              {toDecide.data?.map((request) => card(request, true))}
              {toDecide.data?.length === 0 && (
                <Empty title="Nothing waits for you">
                  <p>When a policy asks for an approval that you may give, the request appears here, and the number beside “Requests” tells you.</p>
                </Empty>
              )}
            </div>
          </Tabs.Panel>
          <Tabs.Panel value="review" pt={12}><Several parameters={{ to_review: true }} card={(request) => card(request, false)} nothing="No emergency waits for a review" /></Tabs.Panel>
          <Tabs.Panel value="mine" pt={12}><Several parameters={{ user: me.user }} card={(request) => card(request, false)} nothing="You have asked for nothing yet" /></Tabs.Panel>
          <Tabs.Panel value="all" pt={12}><Several parameters={{}} card={(request) => card(request, toDecide.data?.some((other) => other.id === request.id) ?? false)} nothing="Nobody has asked for anything yet" /></Tabs.Panel>
        </Tabs>
      )}
    </PageFrame>
  );
}

function Several({ parameters, card, nothing }: { parameters: Record<string, string | boolean>; card: (request: AccessRequest) => ReactNode; nothing: string }) {
  const list = useList<AccessRequest>("requests", "/requests", parameters, { limit: 50 });
  return (
    <div className="stack">
      <Wrong error={list.error} again={list.refetch} />
      {list.loading && <Waiting what="Loading the requests" />}
      {list.rows.map(card)}
      {!list.loading && !list.error && list.rows.length === 0 && (
        <Empty title={nothing}>
          <p>Where a policy asks for an approval, a user connects as always and is held, or asks before: here, or with <code>ssh USER@GATEWAY "request ACCOUNT@TARGET why"</code>.</p>
        </Empty>
      )}
      {list.more && <div><Button variant="default" onClick={list.fetchMore} loading={list.fetching}>Show more</Button></div>}
    </div>
  );
}

function One({ id, card, back }: { id: string; card: (request: AccessRequest) => ReactNode; back: () => void }) {
  const list = useOne(id);
  return (
    <div className="stack">
      <div><Button variant="subtle" onClick={back}>All requests</Button></div>
      <Wrong error={list.error} />
      {list.isPending && <Waiting what="Loading the request" />}
      {list.data && card(list.data)}
    </div>
  );
}

function useOne(id: string) {
  return useQuery({ queryKey: ["requests", "one", id], queryFn: ({ signal }) => get<AccessRequest>(`/requests${path(id)}`, {}, signal) });
}
