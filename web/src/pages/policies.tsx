// SPDX-License-Identifier: Apache-2.0
// Policies: list, editor, explanation of a decision, what deserves a look, what a change would have refused.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { send } from "../api/client";
import type { Finding, Page, Resource } from "../api/types";
import { Wrong } from "../parts/bits";
import { inert } from "../parts/inert";
import { Explain } from "./policy-explain";
import { Replay } from "./policy-replay";
import { ResourceBrowser } from "./resource-browser";
import { Findings } from "./resource-editor";

const TEMPLATE = `kind: policy
name: ops-on-prod
subjects: {groups: [ops]}
targets: {env: prod}
accounts: [deploy]
allow: [shell, exec, sftp]
`;

function listed(value: unknown): string {
  return Array.isArray(value) ? value.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(", ") : JSON.stringify(value ?? "");
}

function summary(resource: Resource): string {
  const subjects = resource.subjects as { users?: string[]; groups?: string[] } | undefined;
  const who = [...(subjects?.users ?? []), ...(subjects?.groups ?? [])].join(", ") || "everybody";
  return inert(`${resource.effect === "deny" ? "denies " : ""}${who} → ${listed(resource.accounts)} on ${listed(resource.targets)}`);
}

export function PoliciesPage() {
  const { name, tab } = useSearch({ from: "/policies" });
  const navigate = useNavigate({ from: "/policies" });
  const go = (next: string | undefined, nextTab?: string) => void navigate({ search: { name: next, tab: nextTab } });
  return (
    <ResourceBrowser
      kind="policy"
      title="Policies"
      one="a policy"
      name={name}
      tab={tab}
      go={go}
      summary={summary}
      template={TEMPLATE}
      aside={
        <>
          <Button variant="default" aria-pressed={tab === "explain"} onClick={() => go(undefined, tab === "explain" && !name ? undefined : "explain")}>Explain a decision</Button>
          <Button variant="default" aria-pressed={tab === "lint"} onClick={() => go(undefined, tab === "lint" && !name ? undefined : "lint")}>Look for faults</Button>
        </>
      }
      above={!name && (tab === "explain" ? <Explain /> : tab === "lint" ? <Lint /> : null)}
      extra={[]}
      teach={<p>A policy says who may open what, when, and under which conditions. What no policy allows is refused.</p>}
      below={(one) => <Replay name={one.resource.name} />}
    />
  );
}

function Lint() {
  const lint = useQuery({ queryKey: ["resources", "lint"], queryFn: async () => (await send<Page<Finding>>("POST", "/policy/lint", { items: [] })).items });
  return (
    <section className="card stack above" aria-label="Faults" aria-busy={lint.isPending}>
      <h2>What deserves a look</h2>
      <Wrong error={lint.error} />
      {lint.data?.length === 0 && <p>No policy is unreachable, shadowed or over-broad, and each names only what exists.</p>}
      {lint.data && lint.data.length > 0 && <Findings findings={lint.data} />}
    </section>
  );
}
