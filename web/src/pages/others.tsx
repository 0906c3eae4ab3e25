// SPDX-License-Identifier: Apache-2.0
// Groups, roles and recipients.
import { NativeSelect } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Kind } from "../api/resources";
import type { Resource } from "../api/types";
import { inert } from "../parts/inert";
import { ResourceBrowser } from "./resource-browser";

interface About {
  title: string;
  one: string;
  template: string;
  teach: string;
}

const KINDS: Record<"group" | "role" | "recipient", About> = {
  group: { title: "Groups", one: "a group", template: "kind: group\nname: ops\nmembers: [alice]\n", teach: "A group exists as soon as a user names it. A resource is needed only to list its members here." },
  role: { title: "Roles", one: "a role", template: "kind: role\nname: auditors\nrole: auditor\nsubjects: {groups: [revision]}\n", teach: "A role says what people may do with Sallyport itself: approver, auditor, administrator." },
  recipient: { title: "Recipients", one: "a recipient", template: "kind: recipient\nname: archive\npublic_key: BASE64\n", teach: "A recipient can read recordings with a key of its own, without this gateway." },
};

function isKind(text: string | undefined): text is keyof typeof KINDS {
  return text !== undefined && text in KINDS;
}

function summary(resource: Resource): string {
  const { kind, name, description, ...rest } = resource;
  return inert(`${description ?? ""} ${Object.entries(rest).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ")}`.trim() || `${kind} ${name}`).slice(0, 200);
}

export function OthersPage() {
  const { kind: asked, name, tab } = useSearch({ from: "/others" });
  const navigate = useNavigate({ from: "/others" });
  const kind: Kind & keyof typeof KINDS = isKind(asked) ? asked : "group";
  const about = KINDS[kind];
  return (
    <ResourceBrowser
      key={kind}
      kind={kind}
      title={about.title}
      one={about.one}
      name={name}
      tab={tab}
      go={(next, nextTab) => void navigate({ search: { kind, name: next, tab: nextTab } })}
      summary={summary}
      template={about.template}
      aside={<NativeSelect aria-label="Kind of resource" value={kind} data={Object.entries(KINDS).map(([value, { title }]) => ({ value, label: title }))} onChange={(event) => void navigate({ search: { kind: event.currentTarget.value } })} />}
      teach={<p>{about.teach}</p>}
    />
  );
}
