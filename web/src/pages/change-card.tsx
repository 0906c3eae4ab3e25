// SPDX-License-Identifier: Apache-2.0
// One change: whose, what it would change, why, and the decision. It is carried out as its author saw it, or not at all.
import { Button, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useChange, type PendingChange, type StepChange } from "../api/changes";
import { path, send } from "../api/client";
import { can, useMe } from "../api/me";
import { spaced } from "../api/requests";
import { Fact, Ident, Waiting, Wrong } from "../parts/bits";
import { Changes } from "../parts/changes";
import { Inert, inert } from "../parts/inert";
import { State } from "../parts/state";
import { Time } from "../parts/time";

const SHOWN = 500;

export function ChangeCard({ change, open: opened = false }: { change: PendingChange; open?: boolean }) {
  const me = useMe();
  const [open, setOpen] = useState(opened);
  const waits = change.state === "waiting";
  const own = change.author === me.user;
  const toReview = change.emergency && !change.reviewed_at;
  return (
    <article className={waits || toReview ? "card request" : "card request closed"} aria-label={inert(`Change ${spaced(change.code)} of ${change.author}`)}>
      <div className="stack">
        <div className="line">
          <State of={change.state} />
          {change.emergency && <State of="emergency" />}
          <span className="code-words">{inert(spaced(change.code))}</span>
          <span className="dim"><Time at={change.created_at} /></span>
        </div>
        <h2 className="sentence"><strong><Inert text={change.author} /></strong> {waits ? "wants to" : "wanted to"} {change.steps.slice(0, 3).map((step, at) => <span key={at}>{at > 0 && ", "}<strong><Inert text={step} /></strong></span>)}{change.step_count > 3 && ` and ${change.step_count - 3} more`}</h2>
        <dl className="facts">
          <Fact name="Reason">{change.reason ? <Inert text={change.reason} /> : <span className="dim">none given</span>}</Fact>
          {change.areas && <Fact name="Concerns"><Inert text={change.areas} /></Fact>}
          {waits && change.decide_by && <Fact name="Decide"><Time at={change.decide_by} /></Fact>}
          {change.decided_at && <Fact name={change.state === "applied" ? "Approved" : "Decided"}><Inert text={change.decided_by} />, <Time at={change.decided_at} />{change.comment && <>: <Inert text={change.comment} /></>}</Fact>}
          {change.emergency && <Fact name="Review">{change.reviewed_at ? <><Inert text={change.reviewed_by ?? ""} />: <Inert text={change.review || "signed off"} /></> : "An emergency: nobody has reviewed it yet."}</Fact>}
          <Fact name="Id"><Ident id={change.id} short /></Fact>
        </dl>
        {open ? <Differences id={change.id} /> : <div><Button variant="default" onClick={() => setOpen(true)}>What it changes</Button></div>}
      </div>
      <div className="decision">
        {waits && own && <p className="dim">A change of your own: another administrator decides it.</p>}
        {waits && !own && can(me, "change.decide") && <Decision change={change} />}
        {waits && own && can(me, "change.cancel") && <Cancel change={change} />}
        {toReview && !own && can(me, "change.review") && <Review change={change} />}
      </div>
    </article>
  );
}

function Differences({ id }: { id: string }) {
  const change = useChange(id);
  if (change.isPending) return <Waiting what="Comparing the versions" />;
  if (!change.data) return <Wrong error={change.error} again={() => void change.refetch()} />;
  const steps = new Map<number, StepChange[]>();
  for (const one of change.data.items.slice(0, SHOWN)) steps.set(one.step, [...(steps.get(one.step) ?? []), one]);
  return (
    <section className="stack" aria-label="What it changes">
      {[...steps].map(([step, rows]) => (
        <div key={step}>
          <h3><Inert text={`${rows[0]?.what ?? ""} ${rows[0]?.kind ?? ""} ${rows[0]?.name ?? ""}`} /></h3>
          <Changes changes={rows} />
        </div>
      ))}
      {steps.size === 0 && <p className="dim">No field differs from the versions that its author saw.</p>}
      {change.data.items.length > SHOWN && <p className="dim">The first {SHOWN} differences. <code>sallyport change show {inert(id)}</code> has all.</p>}
    </section>
  );
}

function useAct(change: PendingChange) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = (what: "approve" | "deny" | "cancel" | "review", comment?: string) => {
    setBusy(true);
    setError(null);
    return send("POST", `/changes${path(change.id)}/${what}`, comment === undefined ? undefined : { comment })
      .catch(setError)
      .then(() => Promise.all(["changes", "resources"].map((key) => queries.invalidateQueries({ queryKey: [key] }))))
      .finally(() => setBusy(false));
  };
  return { busy, error, act };
}

function Decision({ change }: { change: PendingChange }) {
  const { busy, error, act } = useAct(change);
  const [verdict, setVerdict] = useState<"approve" | "deny" | null>(null);
  const [comment, setComment] = useState("");
  if (!verdict) {
    return (
      <>
        <p className="dim">After a yes the gateway carries it out at once, all of it or nothing. Sessions that it no longer allows end.</p>
        <Wrong error={error} />
        <div className="line">
          <Button onClick={() => setVerdict("approve")}>Approve</Button>
          <Button variant="light" color="red" onClick={() => setVerdict("deny")}>Deny</Button>
        </div>
      </>
    );
  }
  const yes = verdict === "approve";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void act(verdict, comment).then(() => setVerdict(null));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Textarea autoFocus label={yes ? "Comment" : "Reason"} description="Its author reads it." rows={2} maxLength={1000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Wrong error={error} />
      <div className="line">
        <Button type="submit" color={yes ? undefined : "red"} loading={busy}>{yes ? "Carry it out" : "Deny it"}</Button>
        <Button variant="default" onClick={() => setVerdict(null)}>Back</Button>
      </div>
    </form>
  );
}

function Cancel({ change }: { change: PendingChange }) {
  const { busy, error, act } = useAct(change);
  return (
    <>
      <Wrong error={error} />
      <div><Button variant="subtle" color="red" loading={busy} onClick={() => void act("cancel")}>Take it back</Button></div>
    </>
  );
}

function Review({ change }: { change: PendingChange }) {
  const { busy, error, act } = useAct(change);
  const [comment, setComment] = useState("");
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); void act("review", comment); }}>
      <Textarea label="Review" description="What you found when you looked at it." rows={2} maxLength={1000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Wrong error={error} />
      <div><Button type="submit" variant="default" loading={busy}>Sign off</Button></div>
    </form>
  );
}
