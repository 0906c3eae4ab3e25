// SPDX-License-Identifier: Apache-2.0
// States as words with a shape and a colour: never a colour alone.
import { Icon, type IconName } from "./icon";
import { inert } from "./inert";

type Kind = "live" | "held" | "bad" | "accent" | "plain";

const STATES: Record<string, [Kind, IconName]> = {
  live: ["live", "dot"],
  opening: ["accent", "dot"],
  paused: ["held", "bars"],
  suspended: ["held", "bars"],
  ended: ["plain", "square"],
  sealed: ["plain", "tick"],
  truncated: ["held", "warn"],
  waiting: ["held", "dot"],
  approved: ["live", "tick"],
  denied: ["bad", "cross"],
  cancelled: ["plain", "square"],
  expired: ["plain", "square"],
  open: ["live", "dot"],
  unverified: ["plain", "dot"],
  unsealed: ["held", "warn"],
  damaged: ["bad", "warn"],
  sound: ["live", "tick"],
  "not sound": ["bad", "cross"],
  fault: ["bad", "warn"],
  note: ["plain", "dot"],
  allow: ["live", "tick"],
  allowed: ["live", "tick"],
  deny: ["bad", "cross"],
  refused: ["bad", "cross"],
  conditional: ["held", "warn"],
  disabled: ["bad", "cross"],
  enabled: ["live", "tick"],
  well: ["live", "tick"],
  behind: ["held", "warn"],
  emergency: ["bad", "warn"],
  applied: ["live", "tick"],
  stale: ["plain", "warn"],
};

export function State({ of }: { of: string }) {
  const [kind, icon] = STATES[of] ?? ["plain", "dot"];
  return (
    <span className={`state ${kind}`}>
      <Icon name={icon} size={10} />
      {inert(of)}
    </span>
  );
}
