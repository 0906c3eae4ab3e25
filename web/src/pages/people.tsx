// SPDX-License-Identifier: Apache-2.0
// Users: what they can prove, their keys, passwords and one-time codes, their resource.
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Resource } from "../api/types";
import { Inert, inert } from "../parts/inert";
import { PersonProofs } from "./person-proofs";
import { ResourceBrowser } from "./resource-browser";

const TEMPLATE = `kind: user
name: alice
groups: [ops]
public_keys:
  - ssh-ed25519 AAAA… alice@laptop
`;

function summary(resource: Resource): string {
  const groups = Array.isArray(resource.groups) ? (resource.groups as string[]).join(", ") : "no group";
  const roles = Array.isArray(resource.roles) ? ` · ${(resource.roles as string[]).join(", ")}` : "";
  return inert(`${resource.disabled === true ? "disabled · " : ""}${groups}${roles}`);
}

export function PeoplePage() {
  const { name, tab } = useSearch({ from: "/people" });
  const navigate = useNavigate({ from: "/people" });
  return (
    <ResourceBrowser
      kind="user"
      title="People"
      one="a person"
      name={name}
      tab={tab}
      go={(next, nextTab) => void navigate({ search: { name: next, tab: nextTab } })}
      summary={summary}
      template={TEMPLATE}
      extra={[{
        value: "proofs",
        title: "Person",
        render: (one) => (
          <>
            <PersonProofs name={one.resource.name} />
            <p className="small"><Link to="/live" search={{ user: one.resource.name }}>Live sessions</Link> · <Link to="/recordings" search={{ user: one.resource.name }}>Recordings</Link> · <Link to="/audit" search={{ actor: one.resource.name }}>Audit events of <Inert text={one.resource.name} /></Link></p>
          </>
        ),
      }]}
      teach={<p>A user is who may sign in. Policies say what a user or a group may open.</p>}
    />
  );
}
