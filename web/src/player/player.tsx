// SPDX-License-Identifier: Apache-2.0
// The player of a recording. It draws what a viewer process decoded; record keys never reach the browser.
import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import "../styles/player.css";
import { Wrong } from "../parts/bits";
import { Icon } from "../parts/icon";
import { Inert } from "../parts/inert";
import { clock, duration } from "../parts/time";
import { Screen } from "../terminal/screen";
import { Deck, SPEEDS, type DeckState } from "./deck";
import { Finder } from "./finder";
import { useKeys } from "./keys";
import { loadTape, type Loading } from "./load";
import { MarkList } from "./mark-list";
import { cannotDecode, NotHere } from "./not-here";
import { Tape } from "./tape";
import { Timeline } from "./timeline";

const STOPPED: DeckState = { position: 0, playing: false, speed: 1, skipIdle: true, skipped: 0 };

function usePlayer(id: string, label: string, start: number) {
  const box = useRef<HTMLDivElement>(null);
  const [parts, setParts] = useState<{ tape: Tape; deck: Deck; screen: Screen } | null>(null);
  const [state, setState] = useState(STOPPED);
  const [loading, setLoading] = useState<Loading>({ done: false, events: 0 });
  const [error, setError] = useState<unknown>(null);
  const first = useRef(start);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const tape = new Tape();
    const screen = new Screen(element, label);
    const deck = new Deck(tape, screen, setState);
    const stop = new AbortController();
    let begun = false;
    setParts({ tape, deck, screen });
    setError(null);
    loadTape(id, tape, stop.signal, (now) => {
      setLoading(now);
      screen.plain(tape.plain);
      if (begun || (!now.done && tape.duration < first.current)) return;
      begun = true;
      deck.seek(first.current > 0 ? first.current : tape.beginning);
    }).catch((failed: unknown) => {
      if (stop.signal.aborted) return;
      setError(failed);
      setLoading((old) => ({ ...old, done: true }));
    });
    return () => {
      stop.abort();
      deck.dispose();
      screen.dispose();
    };
  }, [id, label]);
  return { box, parts, state, loading, error };
}

export function Player({ id, label, start, link }: { id: string; label: string; start: number; link: (seconds: number) => string }) {
  const { box, parts, state, loading, error } = usePlayer(id, label, start);
  const [finding, setFinding] = useState(false);
  const [copied, setCopied] = useState(false);
  const [asText, setAsText] = useState<string | null>(null);
  const seek = useCallback((time: number) => parts?.deck.seek(time), [parts]);
  const copyLink = useCallback(() => {
    if (!parts) return;
    void navigator.clipboard.writeText(link(Math.floor(parts.deck.now.position / 1000))).then(() => setCopied(true));
  }, [parts, link]);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [copied]);
  useKeys(parts, () => setFinding(true), copyLink);
  const tape = parts?.tape;
  if (cannotDecode(error)) return <NotHere id={id} />;
  return (
    <div className="player">
      <div className="player-main">
        <div className="screen tall" ref={box} role="group" aria-label={label} data-position={Math.round(state.position)}>
          {state.skipped > 0 && state.playing && <div className="over-screen">{duration(state.skipped)} without output left out</div>}
        </div>
        {tape && <Timeline tape={tape} events={loading.events} position={state.position} seek={seek} />}
        {parts && <Controls deck={parts.deck} state={state} total={parts.tape.duration} find={() => setFinding(!finding)} copyLink={copyLink} copied={copied} text={() => setAsText(asText === null ? parts.screen.text() : null)} hasText={asText !== null} />}
        <div role="status" aria-live="polite" className="dim small">
          {!loading.done && <>Reading the recording: {loading.events} events so far</>}
          {tape?.full && <>This recording is longer than a page can hold. The player shows its first {clock(tape.duration)}; <code>sallyport recording export</code> has all of it.</>}
          {loading.done && !error && tape && tape.channel === null && <>This session had no terminal and no output that was recorded byte for byte. Its events are on the tab Events.</>}
        </div>
        <Wrong error={error} />
        {asText !== null && <pre className="card scroll" tabIndex={0} aria-label="The screen as text"><Inert text={asText} most={200_000} /></pre>}
      </div>
      <div className="player-side">
        {finding && parts && <Finder tape={parts.tape} seek={seek} close={() => setFinding(false)} />}
        {tape && <MarkList marks={tape.marks} count={loading.events} position={state.position} seek={seek} />}
      </div>
    </div>
  );
}

interface ControlProps {
  deck: Deck;
  state: DeckState;
  total: number;
  find: () => void;
  copyLink: () => void;
  copied: boolean;
  text: () => void;
  hasText: boolean;
}

function Controls({ deck, state, total, find, copyLink, copied, text, hasText }: ControlProps) {
  return (
    <div className="line controls" role="toolbar" aria-label="Playback">
      <Button onClick={() => deck.toggle()} leftSection={<Icon name={state.playing ? "bars" : "play"} size={12} />} w={90}>
        {state.playing ? "Pause" : "Play"}
      </Button>
      <Button variant="default" onClick={() => deck.seek(state.position - 10_000)} title="Back 10 seconds">−10 s</Button>
      <Button variant="default" onClick={() => deck.seek(state.position + 10_000)} title="Forward 10 seconds">+10 s</Button>
      <span className="mono clock">{clock(state.position)} / {clock(total)}</span>
      <NativeSelect aria-label="Speed" value={String(state.speed)} data={SPEEDS.map((one) => ({ value: String(one), label: `${one}×` }))} onChange={(event) => deck.speed(Number(event.currentTarget.value))} w={76} />
      <Checkbox label="Skip idle time" checked={state.skipIdle} onChange={(event) => deck.skipIdle(event.currentTarget.checked)} />
      <div className="line tight right">
        <Button variant="subtle" size="compact-xs" onClick={find}>Search</Button>
        <Button variant="subtle" size="compact-xs" onClick={text}>{hasText ? "Hide the text" : "As text"}</Button>
        <Button variant="subtle" size="compact-xs" onClick={copyLink}>{copied ? "Copied" : "Copy link"}</Button>
        <details className="keys">
          <summary>Keys</summary>
          <div className="card small">
            <kbd>Space</kbd> <kbd>K</kbd> play, pause · <kbd>J</kbd> <kbd>L</kbd> 10 s back, forward · <kbd>[</kbd> <kbd>]</kbd> speed · <kbd>,</kbd> <kbd>.</kbd> mark before, after · <kbd>/</kbd> search · <kbd>t</kbd> link to this moment
          </div>
        </details>
      </div>
    </div>
  );
}
