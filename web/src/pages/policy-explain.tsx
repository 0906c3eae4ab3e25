// SPDX-License-Identifier: Apache-2.0
// Why a decision is as it is: which policies counted, which did not, and why.
import { Button, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { get } from "../api/client";
import type { Decision } from "../api/types";
import { Fact, Wrong } from "../parts/bits";
import { Inert } from "../parts/inert";
import { State } from "../parts/state";

const OUTCOMES: Record<string, string> = {
  allows: "allows it",
  denies: "denies it",
  other_subject: "is for other users",
  other_target: "is for other targets",
  other_account: "is for other accounts",
  other_time: "holds at another time",
  other_source: "is for other addresses",
  uncertain: "cannot be judged from this",
};

export function Explain() {
  const [fields, setFields] = useState({ user: "", account: "", target: "", at: "", from: "", command: "" });
  const [decision, setDecision] = useState<Decision | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const field = (name: keyof typeof fields) => ({ value: fields[name], onChange: (event: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: event.currentTarget.value }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setDecision(null);
    get<Decision>("/policy/test", { ...fields, at: fields.at ? new Date(fields.at).toISOString() : undefined })
      .then(setDecision, setError)
      .finally(() => setBusy(false));
  };
  return (
    <section className="card stack above" aria-label="Explain a decision">
      <h2>Explain a decision</h2>
      <form className="stack" onSubmit={submit}>
        <div className="cards">
          <TextInput label="User" required {...field("user")} />
          <TextInput label="Account" required {...field("account")} />
          <TextInput label="Target" required {...field("target")} />
          <TextInput label="At" description="Empty: now" type="datetime-local" {...field("at")} />
          <TextInput label="From address" description="Empty: not known" {...field("from")} />
          <TextInput label="Command" description="Empty: not looked at" {...field("command")} />
        </div>
        <div><Button type="submit" loading={busy}>Explain</Button></div>
      </form>
      <Wrong error={error} />
      {decision && <Explanation decision={decision} />}
    </section>
  );
}

/** Those that limit something: 0 is "no limit". */
function limitsOf(limits: unknown): string {
  if (typeof limits !== "object" || limits === null) return "";
  return Object.entries(limits).filter(([, value]) => typeof value === "number" && value > 0).map(([name, value]) => `${name.replaceAll("_", " ")}: ${String(value)}`).join(", ");
}

function Explanation({ decision }: { decision: Decision }) {
  const rank = (outcome: string) => ["denies", "allows", "uncertain"].indexOf(outcome);
  const considered = [...decision.considered].sort((a, b) => (rank(b.outcome) >= 0 ? 1 : 0) - (rank(a.outcome) >= 0 ? 1 : 0));
  return (
    <div className="stack" role="status">
      <div className="line"><State of={decision.verdict} /> <strong><Inert text={decision.reason} /></strong></div>
      <dl className="facts">
        {decision.allow.length > 0 && <Fact name="Permissions"><Inert text={decision.allow.join(", ")} /></Fact>}
        {decision.needs && <Fact name="Needs"><Inert text={decision.needs} /></Fact>}
        {limitsOf(decision.limits) && <Fact name="Limits"><Inert text={limitsOf(decision.limits)} /></Fact>}
      </dl>
      <div className="scroll">
        <table className="plain">
          <thead><tr><th scope="col">Policy</th><th scope="col">Outcome</th><th scope="col">Why</th></tr></thead>
          <tbody>
            {considered.slice(0, 500).map((one) => (
              <tr key={one.policy}>
                <td><Inert text={one.policy} mono /></td>
                <td className={rank(one.outcome) < 0 ? "dim" : undefined}>{OUTCOMES[one.outcome] ?? <Inert text={one.outcome} />}</td>
                <td className="dim"><Inert text={one.why ?? ""} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
