// SPDX-License-Identifier: Apache-2.0
// Lists of the API, page by page.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useConnected } from "./news";
import { get, type Parameters } from "./client";
import type { Page } from "./types";

const PAGE = 200;

export interface Listed<T> {
  rows: T[];
  total: number | null;
  more: boolean;
  loading: boolean;
  fetching: boolean;
  error: unknown;
  fetchMore: () => void;
  refetch: () => void;
}

/** A list with its filters; `fetchMore` adds the next page. */
export function useList<T>(key: string, where: string, parameters: Parameters = {}, options: { limit?: number; enabled?: boolean } = {}): Listed<T> {
  const connected = useConnected();
  const query = useInfiniteQuery({
    queryKey: [key, "list", where, parameters, options.limit ?? PAGE],
    queryFn: ({ pageParam, signal }) => get<Page<T>>(where, { ...parameters, limit: options.limit ?? PAGE, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last: Page<T>) => last.next ?? undefined,
    enabled: options.enabled ?? true,
    // While nobody tells of changes, look for them.
    refetchInterval: !connected && (key === "sessions" || key === "requests") ? 5000 : false,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return {
    rows,
    total: query.data?.pages[0]?.total ?? null,
    more: query.hasNextPage,
    loading: query.isPending && (options.enabled ?? true),
    fetching: query.isFetching,
    error: query.error,
    fetchMore: () => void (query.hasNextPage && !query.isFetchingNextPage && query.fetchNextPage()),
    refetch: () => void query.refetch(),
  };
}
