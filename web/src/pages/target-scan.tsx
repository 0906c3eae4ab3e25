// SPDX-License-Identifier: Apache-2.0
// Host keys of a target: the network cannot prove whose they are, so a person compares the fingerprints.
import { Button, Checkbox } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { waitsIn, type Waits } from "../api/changes";
import { path, send } from "../api/client";
import { can, useMe } from "../api/me";
import { apply } from "../api/resources";
import type { Page, Versioned } from "../api/types";
import { Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { WaitsNote } from "../parts/waits";

interface HostKey {
  type: string;
  fingerprint: string;
  line: string;
  state: string;
  replaces?: string[];
}

export function TargetScan({ target }: { target: Versioned }) {
  const me = useMe();
  const queries = useQueryClient();
  const [keys, setKeys] = useState<HostKey[] | null>(null);
  const [compared, setCompared] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [waits, setWaits] = useState<Waits | null>(null);
  if (!can(me, "target.scan")) return null;
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    work().catch(setError).finally(() => setBusy(false));
  };
  const scan = () => run(async () => setKeys((await send<Page<HostKey>>("POST", `/targets${path(target.resource.name)}/scan`)).items));
  const fresh = keys?.filter((one) => one.state !== "known") ?? [];
  const pin = () =>
    run(async () => {
      const gone = new Set(fresh.flatMap((one) => one.replaces ?? []));
      const old = Array.isArray(target.resource.host_keys) ? (target.resource.host_keys as string[]).filter((line) => !gone.has(line)) : [];
      const made = await apply([{ resource: { ...target.resource, host_keys: [...old, ...fresh.map((one) => one.line)] }, expectedVersion: target.version }], false);
      await queries.invalidateQueries({ queryKey: ["resources"] });
      setWaits(waitsIn(made));
      setKeys(null);
      setCompared(false);
    });
  return (
    <section className="card stack" aria-label="Host keys">
      <h3>Host keys</h3>
      <div><Button variant="default" onClick={scan} loading={busy && !keys}>Fetch the host keys</Button></div>
      <Wrong error={error} />
      <WaitsNote waits={waits} />
      {keys && (
        <div className="scroll">
          <table className="plain">
            <thead><tr><th scope="col">Type</th><th scope="col">Fingerprint</th><th scope="col">State</th></tr></thead>
            <tbody>
              {keys.map((one) => (
                <tr key={one.fingerprint}><td><Inert text={one.type} mono /></td><td><Inert text={one.fingerprint} mono /></td><td>{one.state === "changed" ? <strong>changed: another key of that type is on record</strong> : <Inert text={one.state} />}</td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {fresh.length > 0 && (
        <>
          <p>Anybody on the network may have answered. Compare the fingerprints with those that the target’s console shows.</p>
          <Checkbox label="I have compared them by another way" checked={compared} onChange={(event) => setCompared(event.currentTarget.checked)} />
          <div><Button disabled={!compared} onClick={pin} loading={busy} color={fresh.some((one) => one.state === "changed") ? "red" : undefined}>Pin {fresh.length === 1 ? "this key" : "these keys"}</Button></div>
        </>
      )}
    </section>
  );
}
