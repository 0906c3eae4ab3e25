// SPDX-License-Identifier: Apache-2.0
// Targets, and their host keys: fetched, shown, pinned after somebody has compared them.
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Resource } from "../api/types";
import { Fact } from "../parts/bits";
import { Inert, inert } from "../parts/inert";
import { ResourceBrowser } from "./resource-browser";
import { TargetScan } from "./target-scan";

const TEMPLATE = `kind: target
name: web1
protocol: ssh
address: 10.0.0.7:22
labels: {env: prod}
`;

function labelsOf(resource: Resource): string {
  return Object.entries((resource.labels ?? {}) as Record<string, string>).map(([name, value]) => `${name}: ${value}`).join(", ");
}

function summary(resource: Resource): string {
  return inert(`${String(resource.address ?? "")} · ${labelsOf(resource)}`);
}

export function TargetsPage() {
  const { name, tab } = useSearch({ from: "/targets" });
  const navigate = useNavigate({ from: "/targets" });
  return (
    <ResourceBrowser
      kind="target"
      title="Targets"
      one="a target"
      name={name}
      tab={tab}
      go={(next, nextTab) => void navigate({ search: { name: next, tab: nextTab } })}
      summary={summary}
      template={TEMPLATE}
      extra={[{
        value: "target",
        title: "Target",
        render: (one) => (
          <div className="stack">
            <dl className="facts">
              <Fact name="Protocol"><Inert text={one.resource.protocol} /></Fact>
              <Fact name="Address"><Inert text={one.resource.address} mono /></Fact>
              <Fact name="Labels"><Inert text={labelsOf(one.resource) || "none"} /></Fact>
              <Fact name="Host keys">{Array.isArray(one.resource.host_keys) ? one.resource.host_keys.length : 0} on record</Fact>
            </dl>
            {one.resource.protocol !== "telnet" && <TargetScan target={one} />}
            <p className="small"><Link to="/live" search={{ target: one.resource.name }}>Live sessions</Link> · <Link to="/recordings" search={{ target: one.resource.name }}>Recordings</Link></p>
          </div>
        ),
      }]}
      teach={<p>A target is a machine that sessions go to. Many at once: <code>sallyport import ansible|csv|ssh-config FILE</code>, then <code>sallyport apply</code>.</p>}
    />
  );
}
