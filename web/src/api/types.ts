// SPDX-License-Identifier: Apache-2.0
// What the API answers, as docs/openapi.yaml describes it. Every text in here may come from a user or a target: show it
// through parts/Inert only.

export type SessionState = "opening" | "live" | "paused" | "suspended" | "ended";

export interface Session {
  id: string;
  user: string;
  account: string;
  target: string;
  protocol: string;
  source: string;
  state: string;
  started_at: string | null;
  ended_at: string | null;
  end_reason: string;
  via?: string;
  node?: string;
  recording?: string;
  [key: string]: unknown;
}

export interface Recording extends Session {
  bytes: number;
  events: number;
  integrity: string;
}

export interface VerifiedRecording {
  recording: Recording;
  verified_at: string;
  verification: {
    sound: boolean;
    state: string;
    signer_trusted: boolean;
    opened: boolean;
    chunks: number;
    entries: number;
    tail_frames: number;
    known_chunks: number;
    findings: { severity: string; where: string; what: string }[];
    more_findings: number;
    coverage: { channel?: number; channels?: number; type: string; coverage: string; up_bytes: number; down_bytes: number; stderr_bytes: number; up_bulk_bytes: number; down_bulk_bytes: number; stderr_bulk_bytes: number }[];
    coverage_shortened: boolean;
  };
}

export interface Vote {
  by: string;
  verdict: string;
  time: string | null;
  comment: string;
}

export interface AccessRequest {
  id: string;
  code: string;
  state: string;
  user: string;
  account: string;
  targets: string[];
  reason: string;
  ticket: string;
  created_at: string | null;
  decide_by: string | null;
  starts_at: string | null;
  valid_seconds: number;
  valid_until: string | null;
  max_sessions: number;
  sessions: number;
  sponsor: string;
  approvals: { users: string[]; groups: string[]; count: number }[];
  votes: Vote[];
  break_glass: boolean;
  reviewed_at?: string | null;
  reviewed_by?: string;
  review?: string;
  closed_at: string | null;
  closed_by: string;
}

export interface AuditEvent {
  node: string;
  seq: number;
  time: string;
  type: string;
  actor: string;
  session: string;
  [key: string]: unknown;
}

export interface Resource {
  kind: string;
  name: string;
  description?: string;
  [key: string]: unknown;
}

export interface Versioned {
  version: number;
  resource: Resource;
}

export interface UserProofs {
  name: string;
  email: string;
  groups: string[];
  disabled: boolean;
  public_keys: number;
  password: boolean;
  totp: { enrolled_at: string; recovery_codes: number } | null;
}

export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

export interface Version {
  version: number;
  time: string;
  author: string;
  action: string;
  changes: Change[];
  left_out?: number;
}

export interface Decision {
  verdict: string;
  reason: string;
  policies: string[];
  allow: string[];
  requirements?: unknown;
  needs?: string;
  record?: unknown;
  limits?: unknown;
  considered: { policy: string; outcome: string; why?: string }[];
}

export interface Finding {
  kind: string;
  policy: string;
  other: string;
  reason: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number | null;
}

export interface NodeStatus {
  node: string;
  version: string;
  started_at: string;
  ssh: string;
  sessions: number;
  max_sessions: number;
  max_open_files: number;
  data_dir: string;
  store: string;
  audit_waiting: number;
  recordings: string;
  recordings_free_bytes: number;
  recording_mode: string;
  host_key: string;
  node_key: string;
  [key: string]: unknown;
}
