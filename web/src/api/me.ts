// SPDX-License-Identifier: Apache-2.0
// Who is signed in. The gateway decides what they may do; the pages only leave out what it would refuse.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { get, Problem } from "./client";

export interface Me {
  user: string;
  roles: string[];
  enrolled?: boolean;
  node?: string;
  fresh?: boolean;
  operations: Record<string, "all" | "own">;
}

export function useWhoAmI() {
  return useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => get<Me>("/session", {}, signal).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }),
    staleTime: 60_000,
    retry: 1,
  });
}

export const MeContext = createContext<Me>({ user: "", roles: [], operations: {} });

export function useMe(): Me {
  return useContext(MeContext);
}

/** May this user do it, to things of others too? */
export function can(me: Me, operation: string): boolean {
  return me.operations[operation] === "all";
}

export function isReader(me: Me): boolean {
  return can(me, "recording.list");
}

export function isAdministrator(me: Me): boolean {
  return can(me, "resource.apply");
}
