// SPDX-License-Identifier: Apache-2.0
// Audit events as a list; one can be opened to see all that it says.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { AuditEvent } from "../api/types";
import { Fact, Ident } from "../parts/bits";
import { Dialog } from "../parts/dialog";
import { Inert } from "../parts/inert";
import { List } from "../parts/list";
import { Time } from "../parts/time";

const COMMON = new Set(["node", "seq", "time", "type", "actor", "session"]);

function detail(event: AuditEvent): string {
  return Object.entries(event)
    .filter(([name, value]) => !COMMON.has(name) && value !== "" && value !== null)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ");
}

export function AuditList({ rows, onEnd }: { rows: AuditEvent[]; onEnd?: () => void }) {
  const [open, setOpen] = useState<AuditEvent | null>(null);
  return (
    <>
      <List
        label="Audit events"
        rows={rows}
        id={(row) => `${row.node}:${row.seq}`}
        open={setOpen}
        onEnd={onEnd}
        columns={[
          { name: "time", title: "Time", width: "180px", cell: (row) => <Time at={row.time} absolute /> },
          { name: "type", title: "Type", width: "minmax(140px, 200px)", cell: (row) => <Inert text={row.type} mono /> },
          { name: "actor", title: "By", width: "minmax(100px, 160px)", cell: (row) => <Inert text={row.actor} /> },
          { name: "detail", title: "Detail", width: "minmax(160px, 1fr)", cell: (row) => <Inert text={detail(row)} most={300} mono /> },
          { name: "seq", title: "Place", width: "110px", number: true, cell: (row) => <span className="mono"><Inert text={row.node} />:{row.seq}</span> },
        ]}
        narrow={(row) => (
          <>
            <div className="line"><span className="grow cut"><Inert text={row.type} mono /></span><Time at={row.time} /></div>
            <div className="dim cut"><Inert text={row.actor} /> <Inert text={detail(row)} most={200} mono /></div>
          </>
        )}
      />
      {open && (
        <Dialog onClose={() => setOpen(null)} title={`Audit event ${open.seq}`} size="xl">
          <dl className="facts">
            {Object.entries(open).filter(([, value]) => value !== "").map(([name, value]) => (
              <Fact key={name} name={name}>
                {name === "session" && typeof value === "string" ? <Link to="/sessions/$id" params={{ id: value }}><Inert text={value} mono /></Link> : name === "time" ? <><Time at={String(value)} absolute /> <Ident id={String(value)} /></> : <Inert text={value} mono most={20_000} />}
              </Fact>
            ))}
          </dl>
        </Dialog>
      )}
    </>
  );
}
