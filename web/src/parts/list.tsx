// SPDX-License-Identifier: Apache-2.0
// A dense list of any length: only the rows in sight are in the document. On a narrow screen each row is a card of two
// lines.
import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

export interface Column<T> {
  name: string;
  title: string;
  width: string;
  cell: (row: T) => ReactNode;
  number?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  narrow: (row: T) => ReactNode;
  open?: (row: T) => void;
  dimmed?: (row: T) => boolean;
  total?: number | null;
  onEnd?: () => void;
  rowHeight?: number;
}

const AROUND = 12;

/** Which rows are in sight of an element that scrolls. */
function useWindow(count: number, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ from: 0, to: 60 });
  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const from = Math.max(0, Math.floor(element.scrollTop / height) - AROUND);
    const to = Math.ceil((element.scrollTop + element.clientHeight) / height) + AROUND;
    setView((old) => (old.from === from && old.to === to ? old : { from, to }));
  }, [height]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [look, count]);
  return { box, from: Math.min(view.from, Math.max(0, count - 1)), to: Math.min(view.to, count), look };
}

/** Up and Down move between rows, as in a mail program. */
function step(event: KeyboardEvent<HTMLDivElement>) {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
  if (by === 0 || !row || event.target !== row) return;
  const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
  if (!(next instanceof HTMLElement) || next.dataset.row === undefined) return;
  event.preventDefault();
  next.focus();
}

export function List<T>(props: Props<T>) {
  const narrow = useMediaQuery("(max-width: 720px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const height = narrow ? 60 : (props.rowHeight ?? 36);
  const { box, from, to, look } = useWindow(props.rows.length, height);
  const template = props.columns.map((column) => column.width).join(" ");
  const { onEnd, rows } = props;
  useEffect(() => {
    if (to >= rows.length - AROUND) onEnd?.();
  }, [to, rows.length, onEnd]);
  return (
    <div className="list" role="table" aria-label={props.label} aria-rowcount={(props.total ?? rows.length) + 1}>
      {!narrow && (
        <div role="rowgroup" className="list-head">
          <div role="row" aria-rowindex={1} className="list-row" style={{ gridTemplateColumns: template }}>
            {props.columns.map((column) => (
              <div role="columnheader" key={column.name} className={column.number ? "num" : undefined}>
                {column.title}
              </div>
            ))}
          </div>
        </div>
      )}
      <div role="rowgroup" className="list-body" ref={box} onScroll={look} onKeyDown={step} tabIndex={rows.length > 0 && !props.open ? 0 : undefined}>
        <div role="presentation" style={{ height: from * height }} />
        {rows.slice(from, to).map((row, at) => (
          <Row key={props.id(row)} row={row} index={from + at + 2} height={height} template={template} narrow={narrow} list={props} />
        ))}
        <div role="presentation" style={{ height: Math.max(0, rows.length - to) * height }} />
      </div>
    </div>
  );
}

function Row<T>({ row, index, height, template, narrow, list }: { row: T; index: number; height: number; template: string; narrow: boolean; list: Props<T> }) {
  const { open } = list;
  const classes = ["list-row", open ? "opens" : "", list.dimmed?.(row) ? "over" : "", narrow ? "is-card" : ""].join(" ");
  const acts = open && {
    tabIndex: 0,
    onClick: (event: React.MouseEvent) => {
      if ((event.target as HTMLElement).closest("a, button, input")) return;
      open(row);
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" && event.target === event.currentTarget) open(row);
    },
  };
  return (
    <div role="row" data-row={index} aria-rowindex={index} className={classes} style={narrow ? { height } : { height, gridTemplateColumns: template }} {...acts}>
      {narrow ? (
        <div role="cell" className="grow">{list.narrow(row)}</div>
      ) : (
        list.columns.map((column) => (
          <div role="cell" key={column.name} className={column.number ? "num cut" : "cut"}>
            {column.cell(row)}
          </div>
        ))
      )}
    </div>
  );
}
