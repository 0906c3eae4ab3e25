// SPDX-License-Identifier: Apache-2.0
// The pages of the rail and of the palette, and for whom each is of use. The gateway decides; this only leaves out what it would refuse.
import { isReader, type Me } from "../api/me";
import type { IconName } from "../parts/icon";

export interface Place {
  to: "/" | "/live" | "/requests" | "/connect" | "/recordings" | "/audit" | "/people" | "/targets" | "/accounts" | "/policies" | "/changes" | "/others" | "/system";
  name: string;
  icon: IconName;
  readers: boolean;
  below?: boolean;
}

const ALL: Place[] = [
  { to: "/", name: "Overview", icon: "overview", readers: false },
  { to: "/live", name: "Live", icon: "live", readers: false },
  { to: "/requests", name: "Requests", icon: "requests", readers: false },
  { to: "/connect", name: "Connect", icon: "connect", readers: false },
  { to: "/recordings", name: "Recordings", icon: "recordings", readers: true },
  { to: "/audit", name: "Audit", icon: "audit", readers: true },
  { to: "/people", name: "People", icon: "people", readers: true, below: true },
  { to: "/targets", name: "Targets", icon: "targets", readers: true, below: true },
  { to: "/accounts", name: "Accounts", icon: "accounts", readers: true, below: true },
  { to: "/policies", name: "Policies", icon: "policies", readers: true, below: true },
  { to: "/changes", name: "Changes", icon: "changes", readers: true, below: true },
  { to: "/others", name: "Groups, roles", icon: "others", readers: true, below: true },
  { to: "/system", name: "System", icon: "system", readers: true, below: true },
];

export function placesFor(me: Me): Place[] {
  return ALL.filter((place) => !place.readers || isReader(me));
}
