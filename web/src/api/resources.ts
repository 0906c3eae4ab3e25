// SPDX-License-Identifier: Apache-2.0
// Resources: what `sallyport apply` takes. One is changed only from the version that the editor has seen.
import { useQuery } from "@tanstack/react-query";
import { get, path, Problem, send } from "./client";
import type { Page, Resource, Version, Versioned } from "./types";

export type Kind = "user" | "group" | "role" | "target" | "account" | "policy" | "recipient";

export interface Applied {
  kind: string;
  name: string;
  action: string;
  version: number;
}

export function useResource(kind: Kind, name: string | undefined) {
  return useQuery({
    queryKey: ["resources", kind, name],
    queryFn: ({ signal }) => get<Versioned>(`/resources${path(kind, name ?? "")}`, {}, signal),
    enabled: Boolean(name),
    retry: (count, error) => count < 2 && !(error instanceof Problem && error.status < 500),
  });
}

export function useHistory(kind: Kind, name: string) {
  return useQuery({
    queryKey: ["resources", kind, name, "history"],
    queryFn: async ({ signal }) => (await get<Page<Version>>(`/resources${path(kind, name)}/history`, {}, signal)).items,
  });
}

export interface AppliedAll extends Page<Applied> {
  /** The kinds of change that need a second administrator, where it would wait for one. */
  second_administrator?: string;
}

/** All or nothing. expectedVersion: 0 for one that must not exist yet. waitsIn() says whether it has to wait. */
export async function apply(items: { resource: Resource; expectedVersion?: number }[], dryRun: boolean): Promise<AppliedAll> {
  const body = { items: items.map((one) => ({ resource: one.resource, ...(one.expectedVersion === undefined ? {} : { expected_version: one.expectedVersion }) })), dry_run: dryRun };
  return send<AppliedAll>("POST", "/resources", body);
}
