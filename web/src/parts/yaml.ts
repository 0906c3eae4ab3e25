// SPDX-License-Identifier: Apache-2.0
// Resources as YAML and back. The gateway checks them; this refuses only what it could not send on unchanged.
import { Document, isMap, isScalar, isSeq, parseAllDocuments, visit } from "yaml";
import type { Resource } from "../api/types";

const SHORT = 70;

/** Kind and name first; short lists and maps of plain values on one line, as in the documentation. */
export function toYaml(resource: Resource): string {
  const { kind, name, ...rest } = resource;
  const document = new Document({ kind, name, ...rest }, { aliasDuplicateObjects: false });
  visit(document.contents, {
    Collection: (key, node) => {
      const values = isMap(node) ? node.items.map((pair) => pair.value) : isSeq(node) ? node.items : [];
      node.flow = key !== null && values.every((one) => isScalar(one)) && JSON.stringify(node).length < SHORT;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
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
