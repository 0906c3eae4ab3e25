// SPDX-License-Identifier: Apache-2.0
// What an administrator does to a live session: each act says what it does before it is done.
import { Button, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { path, send } from "../api/client";
import { can, useMe } from "../api/me";
import type { Session } from "../api/types";
import { Wrong } from "./bits";
import { Dialog } from "./dialog";
import { Inert } from "./inert";

type Act = "message" | "pause" | "suspend" | "resume" | "terminate";

const ACTS: Record<Act, { name: string; consequence: string; words: string; grave?: boolean }> = {
  message: { name: "Message", consequence: "The user sees this line in the terminal.", words: "Message" },
  pause: { name: "Pause", consequence: "Nothing passes in either direction until somebody resumes the session. The user is told.", words: "Reason, which the user sees" },
  suspend: { name: "Suspend", consequence: "Nothing passes, and after a resume the user has to authenticate again.", words: "Reason, which the user sees" },
  resume: { name: "Resume", consequence: "The session goes on.", words: "Comment, which the user sees" },
  terminate: { name: "End", consequence: "The session ends at once, with whatever runs in it. It cannot be taken back.", words: "Reason, which the user sees", grave: true },
};

function actsFor(state: string): Act[] {
  if (state === "ended") return [];
  const held = state === "paused" || state === "suspended";
  return held ? ["message", "resume", "terminate"] : ["message", "pause", "suspend", "terminate"];
}

/** `few`: those that a list has room for. */
export function Acts({ session, few = false }: { session: Session; few?: boolean }) {
  const me = useMe();
  const [act, setAct] = useState<Act | null>(null);
  if (!can(me, "session.control")) return null;
  return (
    <>
      {actsFor(session.state).filter((one) => !few || (one !== "message" && one !== "suspend")).map((one) => (
        <Button key={one} size={few ? "compact-xs" : undefined} variant={ACTS[one].grave ? "light" : "default"} color={ACTS[one].grave ? "red" : undefined} onClick={() => setAct(one)}>
          {ACTS[one].name}
        </Button>
      ))}
      {act && <ActForm act={act} session={session} close={() => setAct(null)} />}
    </>
  );
}

function ActForm({ act, session, close }: { act: Act; session: Session; close: () => void }) {
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { name, consequence, words, grave } = ACTS[act];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send("POST", `/sessions${path(session.id)}/control`, { action: act, text });
      await queries.invalidateQueries({ queryKey: ["sessions"] });
      close();
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={close} title={`${name}: session of ${session.user}`}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <div>
          <Inert text={session.user} /> → <Inert text={`${session.account}@${session.target}`} />
        </div>
        <div className="dim">{consequence}</div>
        <Textarea data-autofocus label={words} autosize={false} rows={2} maxLength={1000} required={act === "message"} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Wrong error={error} />
        <div className="line">
          <Button type="submit" color={grave ? "red" : undefined} loading={busy}>
            {act === "terminate" ? "End the session" : name}
          </Button>
          <Button variant="default" onClick={close}>
            Back
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
