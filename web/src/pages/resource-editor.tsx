// SPDX-License-Identifier: Apache-2.0
// One resource as YAML: check, look at what changes, apply. An edit from an old version is refused by the gateway.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { waitsIn, type Waits } from "../api/changes";
import { path, send } from "../api/client";
import { isAdministrator, useMe } from "../api/me";
import { apply, type Kind } from "../api/resources";
import type { Finding, Page, Resource, Versioned } from "../api/types";
import { Wrong } from "../parts/bits";
import { Changes, differences } from "../parts/changes";
import { Inert, inert } from "../parts/inert";
import { WaitsNote } from "../parts/waits";
import { fromYaml, toYaml } from "../parts/yaml";

interface Props {
  kind: Kind;
  stored: Versioned | null;
  template: string;
  saved: (name: string | undefined) => void;
}

interface Checked {
  text: string;
  findings: Finding[];
  /** It would wait for a second administrator. */
  waits: boolean;
}

export function ResourceEditor({ kind, stored, template, saved }: Props) {
  const me = useMe();
  const queries = useQueryClient();
  // What the edit began from: a change by somebody else does not overwrite it, and the gateway refuses the older one.
  const [base, setBase] = useState(() => baseOf(stored, template));
  const { original } = base;
  const [text, setText] = useState(original);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [deleting, setDeleting] = useState(false);
  const [waits, setWaits] = useState<Waits | null>(null);
  const edited = text !== original;
  const overtaken = edited && stored?.version !== base.stored?.version;
  const load = useCallback(() => {
    const latest = baseOf(stored, template);
    setBase(latest);
    setText(latest.original);
    setChecked(null);
  }, [stored, template]);
  useEffect(() => {
    if (!edited && stored?.version !== base.stored?.version) load();
  }, [edited, stored, base, load]);
  const read = useMemo(() => fromYaml(text), [text]);
  const may = isAdministrator(me);
  const problem = read.problem ?? placeProblem(read.resources, kind, stored);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    setWaits(null);
    try {
      await work();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  const items = () => read.resources.map((resource) => ({ resource, expectedVersion: base.stored?.version ?? 0 }));
  const check = () =>
    run(async () => {
      const made = await apply(items(), true);
      const lint = await send<Page<Finding>>("POST", "/policy/lint", { items: read.resources.map((resource) => ({ resource })) });
      const names = new Set(read.resources.map((one) => one.name));
      setChecked({ text, findings: lint.items.filter((one) => kind !== "policy" || names.has(one.policy)), waits: Boolean(made.second_administrator) });
    });
  /** The resource is as it was: the editor shows that, and which change waits. */
  const said = (later: Waits) => {
    setText(original);
    setWaits(later);
    void queries.invalidateQueries({ queryKey: ["changes"] });
  };
  const save = () =>
    run(async () => {
      const later = waitsIn(await apply(items(), false));
      setChecked(null);
      if (later) return said(later);
      setBase({ stored, original: text });
      await queries.invalidateQueries({ queryKey: ["resources"] });
      saved(read.resources[0]?.name);
    });
  const remove = () =>
    run(async () => {
      const later = waitsIn(await send("DELETE", `/resources${path(kind, stored?.resource.name ?? "")}`));
      setDeleting(false);
      if (later) return said(later);
      await queries.invalidateQueries({ queryKey: ["resources"] });
      saved(undefined);
    });
  const current = checked?.text === text ? checked : null;
  return (
    <div className="stack">
      <textarea className="code editor" aria-label={`${kind} as YAML`} spellCheck={false} value={text} readOnly={!may} rows={Math.min(40, Math.max(10, text.split("\n").length + 1))} onChange={(event) => setText(event.currentTarget.value)} />
      {overtaken && (
        <div className="note held line" role="status">
          <span className="grow">Somebody else has changed it meanwhile. The gateway will refuse this edit.</span>
          <Button variant="default" onClick={load}>Load the new version</Button>
        </div>
      )}
      {edited && problem && <div className="note held" role="status">{inert(problem)}</div>}
      <Wrong error={error} />
      <WaitsNote waits={waits} />
      {may && (
        <div className="line">
          <Button variant="default" onClick={() => void check()} disabled={!edited || problem !== null} loading={busy}>Check</Button>
          <Button onClick={() => void save()} disabled={!current} loading={busy}>Apply</Button>
          {edited && <Button variant="subtle" onClick={() => setText(original)}>Undo all</Button>}
          <span className="grow" />
          {stored && !deleting && <Button variant="subtle" color="red" onClick={() => setDeleting(true)}>Delete</Button>}
          {deleting && (
            <>
              <span>Delete {kind} <Inert text={stored?.resource.name} />, with its secrets?</span>
              <Button color="red" onClick={() => void remove()} loading={busy}>Delete it</Button>
              <Button variant="default" onClick={() => setDeleting(false)}>Back</Button>
            </>
          )}
        </div>
      )}
      {current && (
        <section className="card stack" aria-label="What this changes" role="status">
          <h3>What this changes</h3>
          <Changes changes={differences(base.stored?.resource ?? {}, read.resources[0] ?? {})} />
          {current.findings.length > 0 && <Findings findings={current.findings} />}
          <p className="dim">{current.waits ? "The gateway accepts it. It waits for another administrator, and takes effect with the approval." : "The gateway accepts it. It takes effect at once, for open sessions too."}</p>
        </section>
      )}
    </div>
  );
}

function baseOf(stored: Versioned | null, template: string) {
  return { stored, original: stored ? toYaml(stored.resource) : template };
}

export function Findings({ findings }: { findings: Finding[] }) {
  return (
    <ul>
      {findings.map((one, at) => (
        <li key={at}><strong><Inert text={one.policy} /></strong> <span className="tag"><Inert text={one.kind} /></span> <Inert text={one.reason} /></li>
      ))}
    </ul>
  );
}

/** An editor of one resource keeps its kind and name. */
function placeProblem(resources: Resource[], kind: Kind, stored: Versioned | null): string | null {
  const [first, second] = resources;
  if (second) return "this editor takes one resource; sallyport apply takes many";
  if (!first) return null;
  if (first.kind !== kind) return `kind must be ${kind}`;
  if (typeof first.name !== "string" || first.name === "") return "name is missing";
  return stored && first.name !== stored.resource.name ? "a resource keeps its name: delete it and make another one" : null;
}
