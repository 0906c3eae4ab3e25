// SPDX-License-Identifier: Apache-2.0
// Requests for access, as the API has them.
import { useQuery } from "@tanstack/react-query";
import { get } from "./client";
import type { AccessRequest, Page } from "./types";

/** Those that wait for the one who is signed in. */
export function useToDecide() {
  return useQuery({
    queryKey: ["requests", "to-decide"],
    queryFn: async ({ signal }) => (await get<Page<AccessRequest>>("/requests", { to_decide: true, limit: 200 }, signal)).items,
    refetchInterval: 60_000,
  });
}

/** "7F3K QZ2D" is easier to read aloud. */
export function spaced(code: string): string {
  return code.length === 8 ? `${code.slice(0, 4)} ${code.slice(4)}` : code;
}
