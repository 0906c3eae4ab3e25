// SPDX-License-Identifier: Apache-2.0
// Accounts on targets, and their secrets, which go in and never come out.
import { Button, Textarea } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { waitsIn, type Waits } from "../api/changes";
import { path, send } from "../api/client";
import { can, useMe } from "../api/me";
import type { Resource } from "../api/types";
import { Fact, Wrong } from "../parts/bits";
import { Inert, inert } from "../parts/inert";
import { WaitsNote } from "../parts/waits";
import { ResourceBrowser } from "./resource-browser";

const TEMPLATE = `kind: account
name: deploy
targets: {env: prod}
login: certificate
`;

function summary(resource: Resource): string {
  return inert(`${String(resource.login ?? "")} · ${JSON.stringify(resource.targets ?? "")}`);
}

export function AccountsPage() {
  const { name, tab } = useSearch({ from: "/accounts" });
  const navigate = useNavigate({ from: "/accounts" });
  return (
    <ResourceBrowser
      kind="account"
      title="Accounts"
      one="an account"
      name={name}
      tab={tab}
      go={(next, nextTab) => void navigate({ search: { name: next, tab: nextTab } })}
      summary={summary}
      template={TEMPLATE}
      extra={[{ value: "account", title: "Account", render: (one) => <AccountFacts resource={one.resource} /> }]}
      teach={<p>An account is a login on targets that users borrow through the gateway, without ever seeing its secret.</p>}
    />
  );
}

function AccountFacts({ resource }: { resource: Resource }) {
  const me = useMe();
  const [open, setOpen] = useState(false);
  const [stored, setStored] = useState<Waits | "stored" | null>(null);
  const secret = resource.login === "password" || resource.login === "key";
  return (
    <div className="stack">
      <dl className="facts">
        <Fact name="Logs in by"><Inert text={resource.login} /></Fact>
        <Fact name="Login name"><Inert text={resource.login_name ?? resource.name} mono /></Fact>
        <Fact name="On targets"><Inert text={resource.targets} mono /></Fact>
      </dl>
      {!secret && <p className="dim">The gateway makes a short-lived certificate for each login. There is no secret to store.</p>}
      {secret && can(me, "account.set-secret") && !open && <div><Button variant="default" onClick={() => setOpen(true)}>Store its secret</Button></div>}
      {stored && stored !== "stored" && <WaitsNote waits={stored} />}
      {stored === "stored" && <div className="note live" role="status">The secret is stored. It cannot be read back.</div>}
      {open && <SecretForm name={resource.name} isKey={resource.login === "key"} close={(done) => { setOpen(false); setStored(done); }} />}
    </div>
  );
}

function SecretForm({ name, isKey, close }: { name: string; isKey: boolean; close: (stored: Waits | "stored" | null) => void }) {
  const [secret, setSecret] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    send("PUT", `/accounts${path(name)}/secret`, { secret }).then((answer) => close(waitsIn(answer) ?? "stored"), setError).finally(() => setBusy(false));
  };
  return (
    <form className="card stack" onSubmit={submit} aria-label="Store the secret" autoComplete="off">
      <Textarea label={isKey ? "Private key" : "Password"} description={isKey ? "Unencrypted, with its BEGIN and END lines." : "One line."} required rows={isKey ? 8 : 1} classNames={{ input: isKey ? "code" : "code secret" }} spellCheck={false} autoComplete="off" value={secret} onChange={(event) => setSecret(event.currentTarget.value)} />
      <Wrong error={error} />
      <div className="line">
        <Button type="submit" loading={busy}>Store it</Button>
        <Button variant="default" onClick={() => close(null)}>Back</Button>
      </div>
    </form>
  );
}
