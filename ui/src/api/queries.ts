/** What is asked for, and not told by the stream. */
import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";

const FOREVER = Infinity;

/** Who is signed in, and what may be offered. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => unwrap(api.GET("/api/v1/session")),
  staleTime: FOREVER,
});

/** The drills that can be run. */
export const scenariosQuery = queryOptions({
  queryKey: ["scenarios"],
  queryFn: () => unwrap(api.GET("/api/v1/scenarios")),
  staleTime: FOREVER,
});

/**
 * One incident with its whole story. The version is a part of the key, so that a change told by the stream asks anew,
 * while what was read before stays on the screen.
 */
export function incidentQuery(id: string, version: string) {
  return queryOptions({
    queryKey: ["incident", id, version],
    queryFn: () => unwrap(api.GET("/api/v1/incidents/{id}", { params: { path: { id } } })),
    staleTime: FOREVER,
    placeholderData: (previous) => previous,
  });
}

/** The board's title, and how soon an incident of each severity is to be acknowledged and resolved. */
export const boardQuery = queryOptions({
  queryKey: ["board"],
  queryFn: () => unwrap(api.GET("/api/v1/board")),
  staleTime: FOREVER,
});

/** Suites of drills with their scoreboards. They are not in the stream. */
export const gameDaysQuery = queryOptions({
  queryKey: ["game-days"],
  queryFn: () => unwrap(api.GET("/api/v1/game-days")),
  // Who may not see them is not told so again and again.
  refetchInterval: (query) => (query.state.error === null ? 30_000 : false),
  retry: false,
});
