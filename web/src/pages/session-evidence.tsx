// SPDX-License-Identifier: Apache-2.0
// What is known of a recording's evidence, said honestly: only a verification proves it.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get, path } from "../api/client";
import type { Page, Recording, Session, VerifiedRecording } from "../api/types";
import { CopyLine, Empty, Fact, Ident, Waiting, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { State } from "../parts/state";
import { bytes, Time } from "../parts/time";

const MEANING: Record<string, string> = {
  open: "The gateway still writes this recording.",
  sealed: "The node signed the recording at its end. Only a verification proves that it is still whole.",
  unverified: "Nobody has verified it just now: only a verification proves that it is whole.",
  unsealed: "The session has ended and the gateway still tries to seal the recording.",
  damaged: "A restart or a reader found damage.",
};

/** A session and its recording share an id. The list is asked for the second in which the session began. */
async function recordingOf(session: Session, signal: AbortSignal): Promise<Recording | null> {
  const since = session.started_at ?? undefined;
  const until = since ? new Date(new Date(since).getTime() + 1000).toISOString() : undefined;
  const page = await get<Page<Recording>>("/recordings", { user: session.user, target: session.target, since, until, limit: 1000 }, signal);
  return page.items.find((one) => one.id === session.id) ?? null;
}

/** Reads all of the recording, at the gateway, when it is asked to: the audit log notes who did. */
function Verification({ id }: { id: string }) {
  const [asked, setAsked] = useState(false);
  const found = useQuery({ queryKey: ["recordings", "verified", id], queryFn: ({ signal }) => get<VerifiedRecording>(`/recordings${path(id)}`, {}, signal), enabled: asked, staleTime: Infinity, retry: false, refetchOnMount: false });
  const again = () => (asked ? void found.refetch() : setAsked(true));
  return (
    <div className="stack" aria-live="polite">
      <div><Button onClick={again} loading={found.isFetching}>{found.data ? "Verify again" : "Verify now"}</Button></div>
      {found.error && <Wrong error={found.error} again={again} />}
      {found.data && !found.isFetching && <Proof of={found.data} />}
    </div>
  );
}

function Proof({ of }: { of: VerifiedRecording }) {
  const proof = of.verification;
  return (
    <>
      <dl className="facts">
        <Fact name="Result">
          <State of={proof.sound ? "sound" : "not sound"} /> <span className="dim">as of <Time at={of.verified_at} absolute /></span>
        </Fact>
        <Fact name="Chain">chunks: {proof.chunks}, of which the audit log vouches for {proof.known_chunks}; events: {proof.entries}; frames that no chunk holds yet: {proof.tail_frames}</Fact>
        <Fact name="Signed">{proof.signer_trusted ? "by this node" : "by a node that this one does not know"}</Fact>
        <Fact name="Seal">{proof.state === "sealed" ? "complete" : proof.state}</Fact>
        <Fact name="Contents">{proof.opened ? "every frame opened with the session's key" : "not opened: this node has no key for them"}</Fact>
      </dl>
      {proof.coverage.length > 0 && (
        <table className="plain">
          <caption>What was recorded how, as the seal has it</caption>
          <thead>
            <tr><th>Channel</th><th>What</th><th>Recorded</th><th>In</th><th>Out</th></tr>
          </thead>
          <tbody>
            {proof.coverage.map((line, at) => (
              <tr key={at}>
                <td>{line.channels ? `${line.channels} channels` : line.channel}</td>
                <td><Inert text={line.type} /></td>
                <td><Inert text={line.coverage} /></td>
                <td>{bytes(line.up_bytes)}</td>
                <td>{bytes(line.down_bytes + line.stderr_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {proof.coverage_shortened && <p className="dim">There are more channels than lines here: the recording has them all.</p>}
      {proof.findings.length > 0 && (
        <ul>
          {proof.findings.map((one, at) => (
            <li key={at}>
              <State of={one.severity} /> <Inert text={`${one.where}: ${one.what}`} />
            </li>
          ))}
          {proof.more_findings > 0 && <li className="dim">and {proof.more_findings} more: see the command line</li>}
        </ul>
      )}
    </>
  );
}

export function EvidenceTab({ session }: { session: Session }) {
  const recording = useQuery({ queryKey: ["recordings", "one", session.id], queryFn: ({ signal }) => recordingOf(session, signal) });
  if (recording.isPending) return <Waiting what="Loading the facts" />;
  if (recording.error) return <Wrong error={recording.error} again={() => void recording.refetch()} />;
  if (!recording.data) return <Empty title="There is no recording of this session" />;
  const facts = recording.data;
  return (
    <div className="stack">
      <section className="card">
        <h2>The recording</h2>
        <dl className="facts">
          <Fact name="State"><State of={facts.state} /></Fact>
          <Fact name="Integrity"><State of={facts.integrity} /> <span className="dim">{MEANING[facts.integrity] ?? ""}</span></Fact>
          <Fact name="Size">{bytes(facts.bytes)} in {facts.events} events</Fact>
          <Fact name="Id"><Ident id={facts.id} /></Fact>
        </dl>
      </section>
      <section className="card stack">
        <h2>Verify</h2>
        <p className="dim">
          A verification checks every chunk against the hashes in the audit log and the node's signature. On the command line it can also be done without this gateway, with the file and the node's public key alone.
        </p>
        <Verification id={session.id} />
        <CopyLine label="Command that verifies it" text={`sallyport recording verify ${session.id} --deep`} />
        <CopyLine label="Command that exports it" text={`sallyport recording export ${session.id} --format asciicast -O ${session.id}.cast`} />
      </section>
    </div>
  );
}
