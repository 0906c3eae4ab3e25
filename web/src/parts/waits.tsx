// SPDX-License-Identifier: Apache-2.0
// What is said where a change waits for a second administrator.
import { Link } from "@tanstack/react-router";
import type { Waits } from "../api/changes";
import { spaced } from "../api/requests";
import { inert } from "./inert";

export function WaitsNote({ waits }: { waits: Waits | null }) {
  if (!waits) return null;
  return (
    <div className="note held" role="status">
      Nothing has changed yet: it waits for another administrator, as change{" "}
      <Link to="/changes" search={{ show: waits.change }} className="code-words">{inert(spaced(waits.code || waits.change))}</Link>.
    </div>
  );
}
