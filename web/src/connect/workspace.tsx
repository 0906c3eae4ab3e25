// SPDX-License-Identifier: Apache-2.0
// The terminal that shows, with what one can do to it.
import { Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import "../styles/workspace.css";
import { askForProof } from "../api/client";
import { spaced } from "../api/requests";
import { Icon } from "../parts/icon";
import { Inert, inert } from "../parts/inert";
import { State } from "../parts/state";
import { shellOf, type Shell } from "./shell";
import { isOver, type Facts } from "./shells";

const MEANING: Partial<Record<Facts["state"], string>> = {
  connecting: "Connecting to the gateway …",
  opening: "The gateway opens the session …",
  held: "Held: somebody has to approve first. The terminal opens by itself as soon as they do.",
  paused: "Paused: nothing passes until somebody resumes the session.",
};

export default function Workspace({ facts }: { facts: Facts }) {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const [shell, setShell] = useState<Shell | null>(null);
  const leave = useCallback(() => bar.current?.querySelector("button")?.focus(), []);
  // A terminal is one shell for its whole life: what else its facts say is no reason to show another one.
  const { key } = facts;
  const first = useRef(facts);
  if (first.current.key !== key) first.current = facts;
  useEffect(() => {
    if (!box.current) return;
    const one = shellOf(first.current, leave);
    box.current.replaceChildren();
    one.attach(box.current);
    setShell(one);
  }, [key, leave]);
  const over = isOver(facts);
  const meaning = MEANING[facts.state];
  return (
    <section className="workspace" ref={frame} aria-label={inert(`${facts.account} on ${facts.target}`)}>
      <div className="line workspace-bar" ref={bar} role="toolbar" aria-label="Terminal">
        <State of={facts.state} />
        <strong className="cut"><Inert text={`${facts.account}@${facts.target}`} /></strong>
        {facts.session && <Link className="small" to="/sessions/$id" params={{ id: facts.session }}>its session</Link>}
        <span className="grow" />
        {shell && <Acts shell={shell} frame={frame.current} over={over} />}
      </div>
      <div className="workspace-screen" data-state={facts.state}>
        <div className="workspace-box" ref={box} />
        {(over || meaning || facts.words) && (
          <div className={over ? "over-terminal line ended" : "over-terminal line"} role="status">
            <div className="grow">
              {facts.state === "ended" && <strong>The session has ended. </strong>}
              {facts.state === "lost" && <strong>Not connected. </strong>}
              {meaning} <Inert text={facts.words} />
              {facts.code && <> Request <Link to="/requests" search={{ show: facts.code }} className="code-words">{inert(spaced(facts.code))}</Link></>}
            </div>
            {over && shell && !facts.wantsProof && <Button onClick={() => shell.connect()}>Connect again</Button>}
            {over && shell && facts.wantsProof && <Button onClick={() => void askForProof().then((proved) => proved && shell.connect())}>Prove who you are, then connect</Button>}
          </div>
        )}
      </div>
    </section>
  );
}

function Acts({ shell, frame, over }: { shell: Shell; frame: HTMLElement | null; over: boolean }) {
  const [said, setSaid] = useState("");
  const [aloud, setAloud] = useLocalStorage({ key: "terminal-aloud", defaultValue: false, getInitialValueInEffect: false });
  useEffect(() => shell.screen.read(aloud), [shell, aloud]);
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => setSaid(""), 3000);
    return () => window.clearTimeout(timer);
  }, [said]);
  const copy = () => void shell.screen.copy().then((done) => setSaid(done ? "Copied" : "Nothing is selected"), () => setSaid("The browser does not allow it"));
  const paste = () =>
    void navigator.clipboard.readText().then(
      (text) => {
        shell.screen.paste(text);
        shell.screen.focus();
      },
      () => setSaid("The browser does not allow it: press Ctrl+Shift+V"),
    );
  const full = () => void (document.fullscreenElement ? document.exitFullscreen() : frame?.requestFullscreen())?.then(() => shell.screen.focus(), () => setSaid("The browser does not allow it"));
  return (
    <>
      <span className="dim small" role="status">{said}</span>
      <Button variant="subtle" size="compact-xs" onClick={copy} title="Ctrl+Shift+C">Copy</Button>
      <Button variant="subtle" size="compact-xs" onClick={paste} title="Ctrl+Shift+V" disabled={over}>Paste</Button>
      <Button variant="subtle" size="compact-xs" onClick={() => setAloud(!aloud)} aria-pressed={aloud} title="Lines are read aloud as they come">Screen reader</Button>
      <Button variant="subtle" size="compact-xs" onClick={full}>Full screen</Button>
      <Button variant="light" color="red" size="compact-xs" onClick={() => shell.close()} leftSection={<Icon name="cross" size={10} />}>{over ? "Close" : "End session"}</Button>
    </>
  );
}
