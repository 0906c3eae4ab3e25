// SPDX-License-Identifier: Apache-2.0
// The node: what it is, how much room it has, its public keys and authorities.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client";
import type { NodeStatus, Page } from "../api/types";
import { CopyLine, Fact, PageFrame, Waiting, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { bytes, Time } from "../parts/time";

export function SystemPage() {
  const node = useQuery({ queryKey: ["node"], queryFn: ({ signal }) => get<NodeStatus>("/node", {}, signal), refetchInterval: 15_000 });
  if (node.isPending) return <Waiting what="Asking the node" />;
  if (!node.data) return <PageFrame title="System"><Wrong error={node.error} again={() => void node.refetch()} /></PageFrame>;
  const facts = node.data;
  return (
    <PageFrame title="System">
      <div className="cards wide-cards">
        <section className="card" aria-label="Node">
          <h2>Node <Inert text={facts.node} /></h2>
          <dl className="facts">
            <Fact name="Version"><Inert text={facts.version} /></Fact>
            <Fact name="Runs since"><Time at={facts.started_at} absolute /></Fact>
            <Fact name="SSH"><Inert text={facts.ssh} mono /></Fact>
            <Fact name="Data"><Inert text={facts.data_dir} mono /></Fact>
            <Fact name="Store"><Inert text={facts.store} mono /></Fact>
          </dl>
        </section>
        <section className="card" aria-label="Room">
          <h2>Room</h2>
          <dl className="facts">
            <Fact name="Sessions">{facts.sessions} of at most {facts.max_sessions}</Fact>
            <Fact name="Open files">at most {facts.max_open_files}</Fact>
            <Fact name="Recordings"><Inert text={facts.recordings} mono /> (<Inert text={facts.recording_mode} />)</Fact>
            <Fact name="Free for recordings">{bytes(facts.recordings_free_bytes)}</Fact>
            <Fact name="Audit events that wait">{facts.audit_waiting}</Fact>
          </dl>
        </section>
      </div>
      <section className="card stack keys-card" aria-label="Public keys">
        <h2>Public keys</h2>
        <h3>The gateway’s host key, for users’ known_hosts</h3>
        <CopyLine label="Host key" text={facts.host_key} />
        <h3>The node’s key, which verifies recordings and the audit log without this gateway</h3>
        <CopyLine label="Node key" text={facts.node_key} />
        <Authority which="user" title="The user authority, for TrustedUserCAKeys on targets" />
        <Authority which="host" title="The host authority, for known_hosts of users who use ssh -J" />
      </section>
    </PageFrame>
  );
}

function Authority({ which, title }: { which: string; title: string }) {
  const lines = useQuery({ queryKey: ["ca", which], queryFn: ({ signal }) => get<Page<{ line: string }>>(`/ca/${which}`, {}, signal), staleTime: 300_000 });
  return (
    <>
      <h3>{title}</h3>
      <Wrong error={lines.error} />
      {lines.data?.items.slice(0, 20).map((one, at) => <CopyLine key={at} label={title} text={one.line} />)}
      {(lines.data?.items.length ?? 0) > 20 && <p className="dim">The first 20. <code>sallyport ca show host</code> prints all.</p>}
    </>
  );
}
