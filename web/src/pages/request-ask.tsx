// SPDX-License-Identifier: Apache-2.0
// The form that asks for access.
import { Button, Checkbox, NativeSelect, TextInput, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { send } from "../api/client";
import { Wrong } from "../parts/bits";

export function AskForm({ account, target, close }: { account?: string; target?: string; close: (created: boolean) => void }) {
  const queries = useQueryClient();
  const [fields, setFields] = useState({ account: account ?? "", targets: target ?? "", reason: "", ticket: "", duration: "1", unit: "3600", start: "", sessions: "" });
  const [emergency, setEmergency] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const field = (name: keyof typeof fields) => ({ value: fields[name], onChange: (event: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: event.currentTarget.value }) });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send("POST", "/requests", {
        account: fields.account.trim(),
        targets: fields.targets.split(/[\s,]+/).filter(Boolean),
        reason: fields.reason,
        ticket: fields.ticket,
        for_seconds: Math.round(Number(fields.duration || "0") * Number(fields.unit)),
        ...(fields.start ? { start: new Date(fields.start).toISOString() } : {}),
        ...(fields.sessions ? { max_sessions: Number(fields.sessions) } : {}),
        break_glass: emergency,
      });
      await queries.invalidateQueries({ queryKey: ["requests"] });
      close(true);
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <form className="card stack ask" onSubmit={(event) => void submit(event)} aria-label="Ask for access">
      <h2>Ask for access</h2>
      <div className="cards">
        <TextInput label="Account" required {...field("account")} />
        <TextInput label="Targets" description="Names, with spaces between them" required {...field("targets")} />
      </div>
      <Textarea label="Reason" rows={2} maxLength={1000} required={emergency} {...field("reason")} />
      <div className="cards">
        <TextInput label="For" description="Empty: as long as the policies allow" type="number" min={0} step="any" {...field("duration")} />
        <NativeSelect label="Unit" description="Of the time before" data={[{ value: "60", label: "minutes" }, { value: "3600", label: "hours" }, { value: "86400", label: "days" }]} {...field("unit")} />
        <TextInput label="Ticket" description="If your policy asks for one" {...field("ticket")} />
        <TextInput label="Start" description="Empty: when it is approved" type="datetime-local" {...field("start")} />
        <TextInput label="Sessions" description="Empty: as many as needed" type="number" min={1} {...field("sessions")} />
      </div>
      <Checkbox label="Emergency: go on at once; somebody reviews it afterwards" checked={emergency} onChange={(event) => setEmergency(event.currentTarget.checked)} />
      <Wrong error={error} />
      <div className="line">
        <Button type="submit" color={emergency ? "red" : undefined} loading={busy}>{emergency ? "Take access now" : "Ask"}</Button>
        <Button variant="default" onClick={() => close(false)}>Back</Button>
      </div>
    </form>
  );
}
