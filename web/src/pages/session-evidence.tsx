// SPDX-License-Identifier: Apache-2.0
// What is known of a recording's evidence, said honestly: only a verification proves it.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client";
import type { Page, Recording, Session } from "../api/types";
import { CopyLine, Empty, Fact, Ident, Waiting, Wrong } from "../parts/bits";
import { State } from "../parts/state";
import { bytes } from "../parts/time";

const MEANING: Record<string, string> = {
  open: "The gateway still writes this recording.",
  unverified: "The recording is sealed. Nobody has verified it just now: only a verification proves that it is whole.",
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
        <CopyLine label="Command that verifies it" text={`sallyport recording verify ${session.id} --deep`} />
        <CopyLine label="Command that exports it" text={`sallyport recording export ${session.id} --format asciicast -O ${session.id}.cast`} />
      </section>
    </div>
  );
}
