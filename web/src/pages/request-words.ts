// SPDX-License-Identifier: Apache-2.0
// What a request is, and what follows from a "yes", in sentences.
import type { AccessRequest } from "../api/types";
import { inert } from "../parts/inert";
import { duration } from "../parts/time";

function targetsOf(request: AccessRequest): string {
  const names = request.targets.map(inert);
  if (names.length <= 3) return names.join(", ");
  return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more targets`;
}

export function consequence(request: AccessRequest): string {
  const many = request.max_sessions > 0 ? `up to ${request.max_sessions} ${request.max_sessions === 1 ? "session" : "sessions"}` : "sessions";
  const start = request.starts_at && new Date(request.starts_at).getTime() > Date.now() ? ` from ${new Date(request.starts_at).toLocaleString()}` : "";
  return `${inert(request.user)} may open ${many} as ${inert(request.account)} on ${targetsOf(request)}${start} for ${duration(request.valid_seconds * 1000)}.`;
}

export function approversOf(request: AccessRequest): string {
  return request.approvals
    .map((rule) => {
      const who = [...rule.users.map(inert), ...rule.groups.map((group) => `the group ${inert(group)}`)].join(" or ");
      return `${rule.count} of ${who}`;
    })
    .join(", and ");
}
