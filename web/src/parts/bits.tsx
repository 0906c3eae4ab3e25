// SPDX-License-Identifier: Apache-2.0
// What many pages use: a page's frame, notes of what went wrong, empty pages that teach, ids and lines to copy.
import { Button, Loader } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import { words } from "../api/client";
import { Icon } from "./icon";
import { inert } from "./inert";

export function PageFrame({ title, heading, children, aside }: { title: string; heading?: ReactNode; children: ReactNode; aside?: ReactNode }) {
  useEffect(() => {
    document.title = `${inert(title)} · Sallyport`;
  }, [title]);
  return (
    <>
      <div className="page-head">
        <h1 className="cut">{heading ?? title}</h1>
        <div className="line page-aside">{aside}</div>
      </div>
      {children}
    </>
  );
}

export function Wrong({ error, again }: { error: unknown; again?: () => void }) {
  if (!error) return null;
  return (
    <div className="note bad line" role="alert">
      <Icon name="warn" />
      <span className="grow">{inert(words(error))}</span>
      {again && (
        <Button variant="default" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Waiting({ what = "Loading" }: { what?: string }) {
  return (
    <div className="empty" role="status">
      <Loader size="sm" type="dots" color="gray" />
      <span className="hidden-words">{what}</span>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function useCopied(): [boolean, (text: string) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [copied]);
  return [copied, (text) => void navigator.clipboard.writeText(text).then(() => setCopied(true))];
}

export function Ident({ id, short = false }: { id: string; short?: boolean }) {
  const [copied, copy] = useCopied();
  return (
    <button type="button" className="ident" title={`${inert(id)}: click to copy`} onClick={(event) => { event.stopPropagation(); copy(id); }}>
      {copied ? "copied" : inert(short && id.length > 10 ? `…${id.slice(-8)}` : id)}
      <span className="hidden-words">copy</span>
    </button>
  );
}

export function CopyLine({ text, label }: { text: string; label: string }) {
  const [copied, copy] = useCopied();
  return (
    <div className="copyline">
      <code tabIndex={0} aria-label={label}>{inert(text)}</code>
      <Button variant="subtle" size="compact-xs" onClick={() => copy(text)} aria-label={`Copy: ${label}`}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
