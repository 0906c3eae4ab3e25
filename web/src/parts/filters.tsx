// SPDX-License-Identifier: Apache-2.0
// Filters that live in the address, so that a link shows what its sender saw.
import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

export function TextFilter({ label, value, change, wide = false, type = "text" }: { label: string; value: string | undefined; change: (value: string | undefined) => void; wide?: boolean; type?: string }) {
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const later = useDebouncedCallback((next: string) => change(next || undefined), 300);
  const date = type === "date";
  const field = (
    <TextInput
      aria-label={label}
      placeholder={date ? undefined : label}
      type={type}
      value={text}
      className={wide ? "wide" : undefined}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
    />
  );
  // A date field shows its format in the place of a placeholder.
  return date ? (
    <div className="line tight dated">
      <span className="dim small" aria-hidden="true">{label}</span>
      {field}
    </div>
  ) : field;
}

export function ChoiceFilter({ label, value, choices, change }: { label: string; value: string | undefined; choices: string[]; change: (value: string | undefined) => void }) {
  return (
    <NativeSelect
      aria-label={label}
      value={value ?? ""}
      data={[{ value: "", label: `${label}: any` }, ...choices.map((one) => ({ value: one, label: one }))]}
      onChange={(event) => change(event.currentTarget.value || undefined)}
    />
  );
}

/** A date of the viewer's zone as a time of the API; the end of the day for "until". */
export function dayBound(text: string | undefined, end: boolean): string | undefined {
  if (!text) return undefined;
  const day = new Date(`${text}T00:00:00`);
  if (Number.isNaN(day.getTime())) return undefined;
  if (end) day.setDate(day.getDate() + 1);
  return day.toISOString();
}
