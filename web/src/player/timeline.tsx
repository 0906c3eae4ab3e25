// SPDX-License-Identifier: Apache-2.0
// The timeline: how much happened when, marks, the position. A slider for the keyboard and for screen readers.
import { memo, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { clock } from "../parts/time";
import { inert } from "../parts/inert";
import type { Mark, Tape } from "./tape";

const PARTS = 300;
const HEIGHT = 36;

const Strip = memo(function Strip({ tape, events }: { tape: Tape; events: number }) {
  const shape = useMemo(() => {
    const parts = tape.density(PARTS);
    return `M0 ${HEIGHT} ${parts.map((one, at) => `L${at} ${(HEIGHT - one * (HEIGHT - 4)).toFixed(1)} L${at + 1} ${(HEIGHT - one * (HEIGHT - 4)).toFixed(1)}`).join(" ")} L${PARTS} ${HEIGHT}Z`;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the tape grows in place; the count says so
  }, [tape, events]);
  return (
    <svg className="strip" viewBox={`0 0 ${PARTS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={shape} />
    </svg>
  );
});

const Marks = memo(function Marks({ marks, duration }: { marks: Mark[]; duration: number; count: number }) {
  return (
    <div aria-hidden="true">
      {marks.slice(0, 500).map((mark, at) => (
        <i key={at} className={`mark ${mark.kind}`} style={{ left: `${(mark.time / Math.max(1, duration)) * 100}%` }} title={inert(`${clock(mark.time)} ${mark.text}`)} />
      ))}
    </div>
  );
});

export function Timeline({ tape, events, position, seek }: { tape: Tape; events: number; position: number; seek: (time: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState<number | null>(null);
  const { duration } = tape;
  const timeAt = (event: PointerEvent) => {
    const place = box.current?.getBoundingClientRect();
    return place && place.width > 0 ? Math.min(1, Math.max(0, (event.clientX - place.left) / place.width)) * duration : 0;
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -5000, ArrowRight: 5000, PageUp: -60_000, PageDown: 60_000, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    seek(Math.min(duration, Math.max(0, position + by)));
  };
  return (
    <div
      ref={box}
      className="timeline"
      role="slider"
      tabIndex={0}
      aria-label="Position in the recording"
      aria-valuemin={0}
      aria-valuemax={Math.round(duration / 1000)}
      aria-valuenow={Math.round(position / 1000)}
      aria-valuetext={`${clock(position)} of ${clock(duration)}`}
      onKeyDown={key}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(timeAt(event));
      }}
      onPointerMove={(event) => {
        const time = timeAt(event);
        setUnder(time);
        if (event.buttons === 1) seek(time);
      }}
      onPointerLeave={() => setUnder(null)}
    >
      <Strip tape={tape} events={events} />
      <Marks marks={tape.marks} duration={duration} count={events} />
      <div className="playhead" style={{ left: `${(position / Math.max(1, duration)) * 100}%` }} />
      {under !== null && (
        <div className="under" style={{ left: `${(under / Math.max(1, duration)) * 100}%` }}>
          {clock(under)}
        </div>
      )}
    </div>
  );
}
