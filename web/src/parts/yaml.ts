// SPDX-License-Identifier: Apache-2.0
// Resources as YAML and back. The gateway checks them; this refuses only what it could not send on unchanged.
import { parseAllDocuments, stringify, type Document } from "yaml";
import type { Resource } from "../api/types";

export function toYaml(resource: Resource): string {
  const { kind, name, ...rest } = resource;
  return stringify({ kind, name, ...rest }, { lineWidth: 0, aliasDuplicateObjects: false, defaultStringType: "PLAIN", defaultKeyType: "PLAIN" });
}

function problemIn(document: Document): string | null {
  const problem = document.errors[0] ?? document.warnings[0];
  return problem ? problem.message.split("\n")[0] ?? "this is no YAML" : null;
}

/** The resources of a text, or why it is none. */
export function fromYaml(text: string): { resources: Resource[]; problem: string | null } {
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true });
  const resources: Resource[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const problem = problemIn(document);
    if (problem) return { resources: [], problem };
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 0 });
    } catch {
      return { resources: [], problem: "anchors and aliases are not allowed" };
    }
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof one !== "object" || one === null || Array.isArray(one)) return { resources: [], problem: "a resource is a map with kind and name" };
      resources.push(one as Resource);
    }
  }
  return resources.length > 0 ? { resources, problem: null } : { resources, problem: "there is no resource in this text" };
}
