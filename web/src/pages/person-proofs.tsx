// SPDX-License-Identifier: Apache-2.0
// What a user can prove, and the forms that change it. Secrets go in and are never shown, but for a new second factor's.
import { Button, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { waitsIn, type Waits } from "../api/changes";
import { get, path, send } from "../api/client";
import { can, useMe } from "../api/me";
import type { UserProofs } from "../api/types";
import { CopyLine, Fact, Waiting, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { Qr } from "../parts/qr";
import { State } from "../parts/state";
import { Time } from "../parts/time";
import { WaitsNote } from "../parts/waits";

export function PersonProofs({ name }: { name: string }) {
  const me = useMe();
  const proofs = useQuery({ queryKey: ["resources", "proofs", name], queryFn: ({ signal }) => get<UserProofs>(`/users${path(name)}`, {}, signal) });
  const [form, setForm] = useState<"password" | "key" | "totp" | null>(null);
  if (proofs.isPending) return <Waiting what="Loading the person" />;
  if (!proofs.data) return <Wrong error={proofs.error} again={() => void proofs.refetch()} />;
  const facts = proofs.data;
  const close = () => {
    setForm(null);
    void proofs.refetch();
  };
  return (
    <div className="stack">
      <dl className="facts">
        <Fact name="State"><State of={facts.disabled ? "disabled" : "enabled"} /></Fact>
        <Fact name="Groups"><Inert text={facts.groups.join(", ") || "none"} /></Fact>
        {facts.email && <Fact name="E-mail"><Inert text={facts.email} /></Fact>}
        <Fact name="Public keys">{facts.public_keys}</Fact>
        <Fact name="Password">{facts.password ? "set" : "none"}</Fact>
        <Fact name="One-time codes">{facts.totp ? <>enrolled <Time at={facts.totp.enrolled_at} />, {facts.totp.recovery_codes} recovery codes left</> : "not enrolled"}</Fact>
      </dl>
      {can(me, "user.set-password") && !form && (
        <div className="line">
          <Button variant="default" onClick={() => setForm("password")}>Set a password</Button>
          <Button variant="default" onClick={() => setForm("key")}>Add a key</Button>
          <Button variant="default" onClick={() => setForm("totp")}>{facts.totp ? "One-time codes …" : "Enrol for one-time codes"}</Button>
        </div>
      )}
      {form === "password" && <PasswordForm name={name} close={close} />}
      {form === "key" && <KeyForm name={name} close={close} />}
      {form === "totp" && <TotpForm name={name} enrolled={facts.totp !== null} close={close} />}
    </div>
  );
}

/** A form with one act; what goes wrong stands above its buttons. */
function ActForm({ title, act, name, close, children, danger = false }: { title: string; act: () => Promise<unknown>; name: string; close: () => void; children: ReactNode; danger?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [waits, setWaits] = useState<Waits | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const done = (answer: unknown) => {
      const later = waitsIn(answer);
      if (later) setWaits(later);
      else close();
    };
    act().then(done, setError).finally(() => setBusy(false));
  };
  if (waits) {
    return (
      <div className="stack">
        <WaitsNote waits={waits} />
        <div><Button variant="default" onClick={close}>Back</Button></div>
      </div>
    );
  }
  return (
    <form className="card stack" onSubmit={submit} aria-label={title}>
      <h3>{title}</h3>
      {children}
      <Wrong error={error} />
      <div className="line">
        <Button type="submit" color={danger ? "red" : undefined} loading={busy}>{name}</Button>
        <Button variant="default" onClick={close}>Back</Button>
      </div>
    </form>
  );
}

function PasswordForm({ name, close }: { name: string; close: () => void }) {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const differs = again !== "" && again !== password;
  return (
    <ActForm title="A new password" name="Set it" close={close} act={() => (again === password ? send("PUT", `/users${path(name)}/password`, { password }) : Promise.reject(new Error("The two passwords differ.")))}>
      <p className="dim">8 to 1024 bytes. Logins with the old one count no more.</p>
      <PasswordInput label="New password" autoComplete="new-password" required minLength={8} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
      <PasswordInput label="Once more" autoComplete="new-password" required value={again} error={differs && "differs"} onChange={(event) => setAgain(event.currentTarget.value)} />
    </ActForm>
  );
}

function KeyForm({ name, close }: { name: string; close: () => void }) {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const add = () => send("POST", `/users${path(name)}/keys`, { key: key.trim() }).finally(() => queries.invalidateQueries({ queryKey: ["resources"] }));
  return (
    <ActForm title="Add a public key" name="Add it" close={close} act={add}>
      <Textarea label="Public key" description="One line, as in a .pub file." required rows={3} value={key} onChange={(event) => setKey(event.currentTarget.value)} />
    </ActForm>
  );
}

function TotpForm({ name, enrolled, close }: { name: string; enrolled: boolean; close: () => void }) {
  const [uri, setUri] = useState("");
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[] | null>(null);
  const where = `/users${path(name)}/totp`;
  if (codes) {
    return (
      <section className="card stack" aria-label="Recovery codes">
        <h3>Enrolled. Recovery codes</h3>
        <p>Each is good once, where a one-time code is asked for. They are shown now and never again: hand them to the user.</p>
        <CopyLine label="Recovery codes" text={codes.join("  ")} />
        <div><Button onClick={close}>Done</Button></div>
      </section>
    );
  }
  if (enrolled) {
    return (
      <ActForm title="Remove the one-time codes" name="Remove them" danger close={close} act={() => send("DELETE", where)}>
        <p>The secret and the recovery codes are removed. The user has to log in anew.</p>
      </ActForm>
    );
  }
  if (!uri) {
    return (
      <ActForm title="Enrol for one-time codes" name="Show the QR code" close={() => {}} act={() => send<{ uri: string }>("POST", where).then((begun) => setUri(begun.uri))}>
        <p className="dim">The next page shows a QR code. Whoever sees it can make the user’s codes: let the user scan it from your screen.</p>
      </ActForm>
    );
  }
  return (
    <ActForm title="Scan, then prove it" name="Finish" close={() => {}} act={() => send<{ recovery_codes: string[] }>("POST", `${where}/confirm`, { code, recovery_codes: true }).then((made) => setCodes(made.recovery_codes))}>
      <Qr text={uri} label="QR code for an authenticator app" />
      <CopyLine label="The same as an address" text={uri} />
      <TextInput label="One code of the app" inputMode="numeric" autoComplete="off" required value={code} onChange={(event) => setCode(event.currentTarget.value)} />
    </ActForm>
  );
}
