// SPDX-License-Identifier: Apache-2.0
// The targets that one may reach: each opens in a terminal of this page, or with the command of a native client beside it.
import { ActionIcon, Button, Tabs, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import "../styles/connect.css";
import { get } from "../api/client";
import { useMe } from "../api/me";
import { addShell, isOver, MOST_SHELLS, showShell, useShells } from "../connect/shells";
import { CopyLine, Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { Inert, inert } from "../parts/inert";

const TARGETS = "targets";
const Workspace = lazy(() => import("../connect/workspace"));

interface Choice {
  target: string;
  account: string;
  protocol: string;
  description?: string;
  labels?: Record<string, string>;
}

interface Answer {
  items: Choice[];
  complete?: boolean;
  ssh?: string;
  host_ca?: string;
  jump_suffix?: string;
}

interface Reachable extends Choice {
  accounts: string[];
}

/** One row a target. */
function byTarget(choices: Choice[]): Reachable[] {
  const out = new Map<string, Reachable>();
  for (const one of choices) {
    const row = out.get(one.target);
    if (row) row.accounts.push(one.account);
    else out.set(one.target, { ...one, accounts: [one.account] });
  }
  return [...out.values()];
}

/** Where users reach the gateway's SSH: this page's host, at the port that the gateway says. */
function place(ssh: string | undefined): { host: string; port: string } {
  return { host: window.location.hostname, port: /:(\d+)$/.exec(ssh ?? "")?.[1] ?? "22" };
}

function command(user: string, account: string, target: string, at: { host: string; port: string }): string {
  return `ssh ${at.port === "22" ? "" : `-p ${at.port} `}${user}@${account}@${target}@${at.host}`;
}

function snippet(user: string, rows: Reachable[], at: { host: string; port: string }, suffix: string): string {
  const gateway = `Host sallyport\n  HostName ${at.host}\n  Port ${at.port}\n  User ${user}\n`;
  const ssh = rows.filter((row) => row.protocol === "ssh" && row.accounts.length > 0).slice(0, 200);
  return gateway + ssh.map((row) => `\nHost ${row.target}${suffix}\n  ProxyJump sallyport\n  User ${row.accounts[0] ?? ""}\n`).join("");
}

/** Lets ssh -J trust the gateway for these targets alone. */
function caLine(rows: Reachable[], suffix: string, key: string): string {
  const names = rows.filter((row) => row.protocol === "ssh").slice(0, 200).map((row) => `${row.target}${suffix},[${row.target}${suffix}]:*`);
  return `@cert-authority ${names.join(",")} ${key}`;
}

export function ConnectPage() {
  const { all, current } = useShells();
  if (all.length === 0) return <Targets />;
  return (
    <Tabs value={all.some((one) => one.key === current) ? current : TARGETS} onChange={(next) => showShell(next === TARGETS ? null : next)} className="fill shell-tabs" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value={TARGETS}>Targets</Tabs.Tab>
        {all.map((one) => (
          <Tabs.Tab key={one.key} value={one.key}>
            <Inert text={`${one.account}@${one.target}`} />{isOver(one) && <span className="dim"> ended</span>}{one.state === "held" && <span className="dim"> held</span>}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={TARGETS}><Targets /></Tabs.Panel>
      {all.map((one) => (
        <Tabs.Panel key={one.key} value={one.key} className="shell-panel">
          <Suspense fallback={<Waiting what="Loading the terminal" />}><Workspace facts={one} /></Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function Targets() {
  const me = useMe();
  const full = useShells().all.length >= MOST_SHELLS;
  const reachable = useQuery({ queryKey: ["resources", "reachable"], queryFn: ({ signal }) => get<Answer>("/me/targets", {}, signal) });
  const [text, setText] = useState("");
  const [favourites, setFavourites] = useLocalStorage<string[]>({ key: "favourites", defaultValue: [], getInitialValueInEffect: false });
  const [config, setConfig] = useState(false);
  const rows = useMemo(() => {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    const words = (row: Reachable) => [row.target, row.protocol, row.description ?? "", ...Object.entries(row.labels ?? {}).flat(), ...row.accounts].join(" ").toLowerCase();
    const found = byTarget(reachable.data?.items ?? []).filter((row) => wanted.every((word) => words(row).includes(word)));
    return [...found].sort((a, b) => Number(favourites.includes(b.target)) - Number(favourites.includes(a.target)) || a.target.localeCompare(b.target));
  }, [reachable.data, text, favourites]);
  const at = place(reachable.data?.ssh);
  const toggle = (target: string) => setFavourites(favourites.includes(target) ? favourites.filter((one) => one !== target) : [...favourites, target]);
  return (
    <PageFrame title="Connect" aside={<Button variant="default" onClick={() => setConfig(!config)}>{config ? "Hide ~/.ssh/config" : "Show ~/.ssh/config"}</Button>}>
      <div className="filters">
        <TextInput className="wide" aria-label="Find a target" placeholder="Find a target" value={text} onChange={(event) => setText(event.currentTarget.value)} autoFocus />
      </div>
      {config && <pre className="card scroll" tabIndex={0} aria-label="Snippet for ssh_config">{snippet(me.user, rows, at, reachable.data?.jump_suffix ?? "").split("\n").map((line, index) => <span key={index}>{inert(line)}{"\n"}</span>)}</pre>}
      {config && reachable.data?.host_ca && <CopyLine label="Line for known_hosts, for ssh -J" text={caLine(rows, reachable.data.jump_suffix ?? "", reachable.data.host_ca)} />}
      {full && <div className="note held" role="status">{MOST_SHELLS} terminals are open: close one to open another.</div>}
      <Wrong error={reachable.error} again={() => void reachable.refetch()} />
      {reachable.isPending && <Waiting what="Loading your targets" />}
      {reachable.data && rows.length === 0 && (
        <Empty title={text ? "No target matches" : "You may reach no target yet"}>
          {!text && <p>An administrator writes a policy that names you or a group of yours. Where a policy asks for an approval, <Link to="/requests" search={{ show: "ask" }}>ask for access</Link>.</p>}
        </Empty>
      )}
      <div className="stack">
        {rows.slice(0, 200).map((row) => (
          <section key={row.target} className="card target" aria-label={inert(row.target)}>
            <div className="line">
              <ActionIcon variant="subtle" color="gray" aria-pressed={favourites.includes(row.target)} aria-label={`Favourite: ${inert(row.target)}`} onClick={() => toggle(row.target)}>
                {favourites.includes(row.target) ? "★" : "☆"}
              </ActionIcon>
              <strong><Inert text={row.target} /></strong>
              <span className="tag"><Inert text={row.protocol} /></span>
              {Object.entries(row.labels ?? {}).map(([name, value]) => <span key={name} className="tag"><Inert text={`${name}: ${value}`} /></span>)}
              {row.description && <span className="dim"><Inert text={row.description} /></span>}
            </div>
            {row.accounts.map((one) => (
              <div key={one} className="account">
                <span className="line"><Button size="compact-sm" onClick={() => addShell(row.target, one)} disabled={full} aria-label={`Open ${inert(one)} on ${inert(row.target)}`}>Open</Button><span className="cut">as <strong><Inert text={one} /></strong></span></span>
                <CopyLine label={`Command for ${inert(one)} on ${inert(row.target)}`} text={command(me.user, one, row.target, at)} />
                <Link className="small" to="/requests" search={{ show: "ask", account: one, target: row.target }}>Ask for an approval</Link>
              </div>
            ))}
          </section>
        ))}
        {rows.length > 200 && <p className="dim">The first 200 of {rows.length}. Type to find others.</p>}
      </div>
    </PageFrame>
  );
}
