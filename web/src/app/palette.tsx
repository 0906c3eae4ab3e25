// SPDX-License-Identifier: Apache-2.0
// Ctrl-K: pages, live sessions, targets, people and what one can do, found by typing.
import { Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState, type KeyboardEvent } from "react";
import { get, path } from "../api/client";
import { isReader, useMe } from "../api/me";
import type { Page, Session, Versioned } from "../api/types";
import { useReturnFocus } from "../parts/dialog";
import { Icon, type IconName } from "../parts/icon";
import { inert } from "../parts/inert";
import { placesFor } from "./places";

interface Choice {
  key: string;
  name: string;
  kind: string;
  icon: IconName;
  go: () => void;
}

const MOST = 30;

function useNames(kind: string, enabled: boolean) {
  return useQuery({
    queryKey: ["resources", "names", kind],
    queryFn: async ({ signal }) => (await get<Page<Versioned>>(`/resources${path(kind)}`, { limit: 1000 }, signal)).items.map((one) => one.resource.name),
    enabled,
    staleTime: 60_000,
  });
}

function useChoices(): Choice[] {
  const me = useMe();
  const reader = isReader(me);
  const navigate = useNavigate();
  const sessions = useQuery({ queryKey: ["sessions", "palette"], queryFn: async ({ signal }) => (await get<Page<Session>>("/sessions", { limit: 200 }, signal)).items });
  const targets = useNames("target", reader);
  const people = useNames("user", reader);
  const policies = useNames("policy", reader);
  return useMemo(() => {
    const out: Choice[] = placesFor(me).map((place) => ({ key: place.to, name: place.name, kind: "page", icon: place.icon, go: () => void navigate({ to: place.to }) }));
    out.push({ key: "ask", name: "Ask for access", kind: "act", icon: "requests", go: () => void navigate({ to: "/requests", search: { show: "ask" } }) });
    out.push({ key: "sign-ins", name: "Your sign-ins", kind: "page", icon: "accounts", go: () => void navigate({ to: "/sign-ins" }) });
    if (reader) out.push({ key: "explain", name: "Explain a decision", kind: "act", icon: "policies", go: () => void navigate({ to: "/policies", search: { tab: "explain" } }) });
    for (const one of sessions.data ?? []) {
      out.push({ key: `s${one.id}`, name: `${one.user} → ${one.account}@${one.target}`, kind: "live session", icon: "live", go: () => void navigate({ to: "/sessions/$id", params: { id: one.id } }) });
    }
    for (const name of targets.data ?? []) out.push({ key: `t${name}`, name, kind: "target", icon: "targets", go: () => void navigate({ to: "/targets", search: { name } }) });
    for (const name of people.data ?? []) out.push({ key: `u${name}`, name, kind: "person", icon: "people", go: () => void navigate({ to: "/people", search: { name } }) });
    for (const name of policies.data ?? []) out.push({ key: `p${name}`, name, kind: "policy", icon: "policies", go: () => void navigate({ to: "/policies", search: { name } }) });
    return out;
  }, [me, reader, navigate, sessions.data, targets.data, people.data, policies.data]);
}

export default function Palette({ close }: { close: () => void }) {
  useReturnFocus();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const choices = useChoices();
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = choices.filter((one) => wanted.every((word) => `${one.name} ${one.kind}`.toLowerCase().includes(word))).slice(0, MOST);
  const chosen = Math.min(at, found.length - 1);
  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    close();
    choice.go();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Enter") take(found[chosen]);
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0 || found.length === 0) return;
    event.preventDefault();
    const next = (chosen + by + found.length) % found.length;
    setAt(next);
    document.getElementById(`choice-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Modal.Root opened onClose={close} size="lg" yOffset="12vh" transitionProps={{ duration: 120 }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content aria-label="Find or do"><Modal.Body>
      <TextInput
        data-autofocus
        size="sm"
        aria-label="Find pages, sessions, targets, people"
        placeholder="Pages, sessions, targets, people"
        role="combobox"
        aria-expanded
        aria-controls="choices"
        aria-activedescendant={found.length > 0 ? `choice-${chosen}` : undefined}
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); setAt(0); }}
        onKeyDown={key}
      />
      <ul className="palette-list" id="choices" role="listbox" aria-label="What was found">
        {found.map((one, index) => (
          <li key={one.key} id={`choice-${index}`} role="option" aria-selected={index === chosen} onMouseMove={() => setAt(index)} onClick={() => take(one)}>
            <Icon name={one.icon} />
            <bdi className="cut">{inert(one.name)}</bdi>
            <span className="kind">{one.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="dim">Nothing has that name.</p>}
      </Modal.Body></Modal.Content>
    </Modal.Root>
  );
}
