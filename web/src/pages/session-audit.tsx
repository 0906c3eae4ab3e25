// SPDX-License-Identifier: Apache-2.0
// What the audit log says about one session.
import { useList } from "../api/lists";
import type { AuditEvent } from "../api/types";
import { Empty, Waiting, Wrong } from "../parts/bits";
import { AuditList } from "./audit-list";

export function AuditTab({ id }: { id: string }) {
  const list = useList<AuditEvent>("audit", "/audit", { session: id, all: true });
  return (
    <div className="fill">
      <Wrong error={list.error} again={list.refetch} />
      {list.loading && <Waiting what="Loading audit events" />}
      {!list.loading && !list.error && list.rows.length === 0 && <Empty title="The audit log has nothing about this session" />}
      {list.rows.length > 0 && <AuditList rows={list.rows} onEnd={list.fetchMore} />}
    </div>
  );
}
