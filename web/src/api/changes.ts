// SPDX-License-Identifier: Apache-2.0
// Changes that wait for a second administrator, as the API has them.
import { useQuery } from "@tanstack/react-query";
import { get, path } from "./client";
import { can, useMe } from "./me";
import type { Change, Page } from "./types";

export interface PendingChange {
  id: string;
  code: string;
  state: string;
  author: string;
  areas: string;
  steps: string[];
  step_count: number;
  reason: string;
  created_at: string | null;
  decide_by: string | null;
  decided_at: string | null;
  decided_by: string;
  comment: string;
  emergency: boolean;
  reviewed_at?: string | null;
  reviewed_by?: string;
  review?: string;
}

/** A difference of one of its steps. */
export interface StepChange extends Change {
  step: number;
  kind: string;
  name: string;
  what: string;
}

export function useChangesToDecide() {
  const me = useMe();
  return useQuery({
    queryKey: ["changes", "to-decide"],
    queryFn: async ({ signal }) => (await get<Page<PendingChange>>("/changes", { to_decide: true, limit: 200 }, signal)).items,
    enabled: can(me, "change.decide"),
    refetchInterval: 60_000,
  });
}

export function useChange(id: string, enabled = true) {
  return useQuery({
    queryKey: ["changes", "one", id],
    queryFn: ({ signal }) => get<PendingChange & { items: StepChange[] }>(`/changes${path(id)}`, {}, signal),
    enabled,
  });
}

export interface Waits {
  change: string;
  code: string;
}

/** The change that an answer speaks of, where nothing has changed yet. */
export function waitsIn(answer: unknown): Waits | null {
  if (typeof answer !== "object" || answer === null) return null;
  const { change, code } = answer as Record<string, unknown>;
  return typeof change === "string" && change !== "" ? { change, code: typeof code === "string" ? code : "" } : null;
}
