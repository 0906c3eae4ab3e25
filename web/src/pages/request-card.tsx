// SPDX-License-Identifier: Apache-2.0
// One request: who, what, why, the votes, what the person did there before, and the decision.
import { Button, Textarea } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { get, path, send } from "../api/client";
import { isReader, useMe } from "../api/me";
import { spaced } from "../api/requests";
import type { AccessRequest, Page, Session } from "../api/types";
import { Fact, Ident, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { State } from "../parts/state";
import { duration, Time } from "../parts/time";
import { approversOf, consequence } from "./request-words";

type Verdict = "approve" | "deny";

interface Props {
  request: AccessRequest;
  decide: boolean;
  deciding: Verdict | null;
  setDeciding: (verdict: Verdict | null) => void;
}

export function RequestCard({ request, decide, deciding, setDeciding }: Props) {
  const me = useMe();
  const waits = request.state === "waiting";
  const open = waits || request.state === "approved";
  return (
    <article className={open ? "card request" : "card request closed"} data-request={request.id} data-decide={decide && waits} tabIndex={0} aria-label={`Request ${spaced(request.code)} of ${request.user}`}>
      <div className="stack">
        <div className="line">
          <State of={request.state} />
          {request.break_glass && <State of="emergency" />}
          <span className="code-words">{spaced(request.code)}</span>
          <span className="dim"><Time at={request.created_at} /></span>
        </div>
        <h2 className="sentence">
          <strong><Inert text={request.user} /></strong> asks for <strong><Inert text={request.account} /></strong> on <strong><Inert text={request.targets.join(", ")} most={300} /></strong>
        </h2>
        <dl className="facts">
          <Fact name="Reason">{request.reason ? <Inert text={request.reason} /> : <span className="dim">none given</span>}</Fact>
          {request.ticket && <Fact name="Ticket"><Inert text={request.ticket} mono /></Fact>}
          <Fact name="For">{duration(request.valid_seconds * 1000)}{request.max_sessions > 0 && `, at most ${request.max_sessions} ${request.max_sessions === 1 ? "session" : "sessions"}`}</Fact>
          {request.sponsor && <Fact name="Sponsor"><Inert text={request.sponsor} /></Fact>}
          {waits && request.decide_by && <Fact name="Decide"><Time at={request.decide_by} /></Fact>}
          {request.state === "approved" && <Fact name="Good until"><Time at={request.valid_until} absolute /> ({request.sessions} sessions so far)</Fact>}
          {approversOf(request) && <Fact name="Approval by"><Inert text={approversOf(request)} /></Fact>}
          {request.closed_at && request.closed_by && <Fact name="Closed"><Inert text={request.closed_by} />, <Time at={request.closed_at} /></Fact>}
          <Fact name="Id"><Ident id={request.id} short /></Fact>
        </dl>
        {request.votes.length > 0 && (
          <ul>
            {request.votes.map((vote, at) => (
              <li key={at}><Inert text={vote.by} /> {vote.verdict === "approve" ? "approved" : "denied"} <Time at={vote.time} />{vote.comment && <>: <Inert text={vote.comment} /></>}</li>
            ))}
          </ul>
        )}
        {request.break_glass && <p>{request.reviewed_at ? <>Reviewed by <Inert text={request.reviewed_by ?? ""} />: <Inert text={request.review ?? ""} /></> : "An emergency: nobody has reviewed it yet."}</p>}
      </div>
      <div className="decision">
        {decide && waits && <Decision request={request} deciding={deciding} setDeciding={setDeciding} />}
        {open && (request.user === me.user || decide) && <Cancel request={request} />}
        {request.break_glass && !request.reviewed_at && request.user !== me.user && <Review request={request} />}
        {(decide || isReader(me)) && <Before request={request} />}
      </div>
    </article>
  );
}

function useVote(request: AccessRequest) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const vote = (what: string, comment: string) => {
    setBusy(true);
    setError(null);
    return send("POST", `/requests${path(request.id)}/${what}`, what === "close" ? undefined : { comment })
      .then(() => queries.invalidateQueries({ queryKey: ["requests"] }))
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, vote };
}

function Decision({ request, deciding, setDeciding }: { request: AccessRequest; deciding: Verdict | null; setDeciding: (verdict: Verdict | null) => void }) {
  const { busy, error, vote } = useVote(request);
  const [comment, setComment] = useState("");
  if (!deciding) {
    return (
      <>
        <p className="dim">After a yes: {consequence(request)}</p>
        <div className="line">
          <Button onClick={() => setDeciding("approve")}>Approve <kbd className="in-button">a</kbd></Button>
          <Button variant="light" color="red" onClick={() => setDeciding("deny")}>Deny <kbd className="in-button">d</kbd></Button>
        </div>
      </>
    );
  }
  const yes = deciding === "approve";
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void vote(deciding, comment);
      }}
    >
      <p>{yes ? consequence(request) : "The request is denied at once, whatever others said."}</p>
      <Textarea autoFocus label={yes ? "Comment" : "Reason"} description="The requester reads it." rows={2} maxLength={1000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Wrong error={error} />
      <div className="line">
        <Button type="submit" color={yes ? undefined : "red"} loading={busy}>{yes ? "Approve" : "Deny"}</Button>
        <Button variant="default" onClick={() => setDeciding(null)}>Back</Button>
      </div>
    </form>
  );
}

function Cancel({ request }: { request: AccessRequest }) {
  const { busy, error, vote } = useVote(request);
  const [sure, setSure] = useState(false);
  const approved = request.state === "approved";
  if (!sure) return <div><Button variant="subtle" color="red" onClick={() => setSure(true)}>{approved ? "End this approval" : "Close without a decision"}</Button></div>;
  return (
    <>
      <p>{approved ? "Its sessions end at once." : "Nobody needs to decide it any more."}</p>
      <Wrong error={error} />
      <div className="line">
        <Button color="red" loading={busy} onClick={() => void vote("close", "")}>{approved ? "End it" : "Close it"}</Button>
        <Button variant="default" onClick={() => setSure(false)}>Back</Button>
      </div>
    </>
  );
}

function Review({ request }: { request: AccessRequest }) {
  const { busy, error, vote } = useVote(request);
  const [comment, setComment] = useState("");
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); void vote("review", comment); }}>
      <Textarea label="Review" description="What you found when you looked at it." rows={2} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Wrong error={error} />
      <div><Button type="submit" variant="default" loading={busy}>Sign off</Button></div>
    </form>
  );
}

/** What the person did there before. */
function Before({ request }: { request: AccessRequest }) {
  const me = useMe();
  const target = request.targets[0] ?? "";
  const before = useQuery({
    queryKey: ["sessions", "before", request.user, target],
    queryFn: ({ signal }) => get<Page<Session>>("/sessions", { all: true, user: request.user, target, limit: 4 }, signal),
    enabled: isReader(me) && target !== "",
    staleTime: 60_000,
  });
  if (!before.data) return null;
  return (
    <div className="small">
      <h3>Before, on <Inert text={target} /></h3>
      {before.data.items.length === 0 && <span className="dim">No session so far.</span>}
      {before.data.items.slice(0, 4).map((session) => (
        <div key={session.id} className="line tight">
          <Link to="/sessions/$id" params={{ id: session.id }}><Time at={session.started_at} /></Link> <span className="dim">as <Inert text={session.account} /></span>
        </div>
      ))}
    </div>
  );
}
