// SPDX-License-Identifier: Apache-2.0
// Grave acts want a fresh proof of who the user is. The gateway says so; this asks, and what was asked for is repeated.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { send, whenProofIsDue } from "../api/client";
import { useMe } from "../api/me";
import { Wrong } from "../parts/bits";
import { Dialog } from "../parts/dialog";
import { Inert } from "../parts/inert";
import { wantsCode } from "./sign-in";

export function Proof() {
  const waiting = useRef<((proved: boolean) => void)[]>([]);
  const [due, setDue] = useState(false);
  useEffect(() => {
    whenProofIsDue(
      () =>
        new Promise((resolve) => {
          waiting.current.push(resolve);
          setDue(true);
        }),
    );
    return () => whenProofIsDue(() => Promise.resolve(false));
  }, []);
  const finish = (proved: boolean) => {
    for (const one of waiting.current.splice(0)) one(proved);
    setDue(false);
  };
  return due ? <ProofForm finish={finish} /> : null;
}

function ProofForm({ finish }: { finish: (proved: boolean) => void }) {
  const me = useMe();
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState(me.enrolled ?? false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setBusy(true);
    setError(null);
    try {
      queries.setQueryData(["me"], await send("POST", "/session/proof", { password, ...(asked ? { code } : {}) }));
      finish(true);
    } catch (failed) {
      if (wantsCode(failed) && !asked) setAsked(true);
      else setError(failed);
      setBusy(false);
    }
  };
  return (
    <Dialog onClose={() => finish(false)} title="Prove again who you are">
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p className="dim">This act changes what people and the gateway can do. Sign in once more as <Inert text={me.user} />; the proof counts for some minutes.</p>
        <PasswordInput data-autofocus label="Password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {asked && <TextInput label="One-time code" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} />}
        <Wrong error={error} />
        <div className="line">
          <Button type="submit" loading={busy}>Go on</Button>
          <Button variant="default" onClick={() => finish(false)}>Back</Button>
        </div>
      </form>
    </Dialog>
  );
}
