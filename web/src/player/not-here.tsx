// SPDX-License-Identifier: Apache-2.0
// A gateway that decodes no recordings for browsers: what to do instead.
import { Problem } from "../api/client";
import { CopyLine, Empty } from "../parts/bits";

/** The gateway has no such address, or cannot decode on this host. */
export function cannotDecode(error: unknown): boolean {
  return error instanceof Problem && (error.status === 404 || error.status === 501);
}

export function NotHere({ id }: { id: string }) {
  return (
    <Empty title="This gateway shows recordings on its own terminal only">
      <p>It decodes no recordings for browsers. The command line on the gateway’s machine plays, searches and exports this one:</p>
      <CopyLine label="Command that plays it" text={`sallyport recording play ${id}`} />
    </Empty>
  );
}
