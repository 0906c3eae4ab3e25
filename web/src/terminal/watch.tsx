// SPDX-License-Identifier: Apache-2.0
// A live session as its user sees it, over a WebSocket.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { address, path } from "../api/client";
import { Icon } from "../parts/icon";
import { Inert } from "../parts/inert";
import { toldBy, type SessionEvent } from "./events";
import { LiveScreen } from "./live-screen";
import { Screen } from "./screen";

export interface Watched {
  state: string;
  problem: string;
  shows: boolean;
  told: string;
  gaps: number;
}

const START: Watched = { state: "connecting", problem: "", shows: false, told: "", gaps: 0 };

function socketAddress(id: string): string {
  const url = new URL(address(`/sessions${path(id)}/watch`), window.location.href);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return url.href;
}

/** Draws into the box until the caller ends it; `say` hears what else there is to show. */
export function watchInto(box: HTMLElement, id: string, label: string, say: (change: Partial<Watched>) => void): { stop: () => void; text: () => string } {
  const screen = new Screen(box, label, 0);
  const live = new LiveScreen(screen);
  const socket = new WebSocket(socketAddress(id));
  let over = false;
  let shows = false;
  let gaps = 0;
  const take = (event: SessionEvent) => {
    if (event.event === undefined && typeof event.state === "string") {
      over = event.state === "ended";
      return say({ state: event.state });
    }
    if (event.gap === true) {
      live.gap();
      gaps += 1;
      return say({ gaps });
    }
    live.see(event);
    const told = toldBy(event);
    if (told) say({ told });
    if (live.showing === null || shows) return;
    shows = true;
    say({ shows });
  };
  socket.onmessage = (frame: MessageEvent<unknown>) => {
    if (typeof frame.data !== "string") return;
    try {
      take(JSON.parse(frame.data) as SessionEvent);
    } catch {
      say({ problem: "The gateway sent something that this page does not understand. Load the page again." });
    }
  };
  socket.onclose = (event) => {
    if (!over) say({ state: "lost", problem: event.reason || "The connection to the gateway is lost." });
  };
  return {
    stop: () => {
      over = true;
      socket.close();
      screen.dispose();
    },
    text: () => screen.text(),
  };
}

export function Watch({ id, label, onState, small = false }: { id: string; label: string; onState?: (state: string) => void; small?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const text = useRef<() => string>(() => "");
  const [watched, setWatched] = useState(START);
  const [attempt, setAttempt] = useState(0);
  const [asText, setAsText] = useState<string | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    setWatched(START);
    const watching = watchInto(element, id, label, (change) => setWatched((old) => ({ ...old, ...change })));
    text.current = watching.text;
    return watching.stop;
  }, [id, label, attempt]);
  useEffect(() => onState?.(watched.state), [watched.state, onState]);
  const over = watched.state === "ended" || watched.state === "lost";
  return (
    <>
      <div className="screen tall" ref={box} role="group" aria-label={label} data-state={watched.state} data-shows={watched.shows}>
        {!watched.shows && !over && <div className="over-screen">Nothing to see yet: no terminal is open, and no program has written anything.</div>}
        {over && (
          <div className="over-screen line" role="status">
            {watched.state === "ended" ? "The session has ended." : <Inert text={watched.problem} />}
            {watched.state === "lost" && <Button onClick={() => setAttempt(attempt + 1)}>Watch again</Button>}
          </div>
        )}
      </div>
      {!small && (
        <div className="line" role="status" aria-live="polite">
          {watched.told && <span className="told"><Inert text={`Sallyport: ${watched.told}`} /></span>}
          {watched.gaps > 0 && <span className="dim line tight"><Icon name="warn" size={12} /> This page was too slow {watched.gaps === 1 ? "once" : `${watched.gaps} times`} and missed output; the recording has all of it.</span>}
          <span className="grow" />
          <Button variant="subtle" onClick={() => setAsText(asText === null ? text.current() : null)}>{asText === null ? "Show as text" : "Hide the text"}</Button>
        </div>
      )}
      {asText !== null && <pre className="card scroll" tabIndex={0} aria-label="The screen as text"><Inert text={asText} most={200_000} /></pre>}
    </>
  );
}
