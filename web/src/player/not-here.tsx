// SPDX-License-Identifier: Apache-2.0
// A recording that this node cannot decode: what to do instead.
import { Problem } from "../api/client";
import { CopyLine, Empty } from "../parts/bits";

/** This node has no key for it. */
export function cannotDecode(error: unknown): boolean {
  return error instanceof Problem && error.code === "no-key";
}

export function NotHere({ id }: { id: string }) {
  return (
    <Empty title="This node cannot read this recording">
      <p>It is encrypted to other recipients. The command line plays, searches and exports it where their key is:</p>
      <CopyLine label="Command that plays it" text={`sallyport recording play ${id}`} />
    </Empty>
  );
}
