// SPDX-License-Identifier: Apache-2.0
// A terminal that only shows. What a target sends draws characters and colours and nothing else: no titles, no
// clipboard, no links, no answers.
import "@xterm/xterm/css/xterm.css";
import "../styles/terminal.css";
import { Terminal } from "@xterm/xterm";
import { drawsOnly, TERMINAL_OPTIONS } from "./options";

const SMALLEST_PX = 5;
const LARGEST_PX = 16;
const SIZES = { columns: [1, 1000], rows: [1, 500] } as const;

function bounded(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, Math.floor(value) || least));
}

export class Screen {
  private readonly terminal: Terminal;
  private readonly watcher: ResizeObserver;
  private disposed = false;

  constructor(private readonly box: HTMLElement, label: string, scrollback = 2000) {
    this.terminal = new Terminal({ ...TERMINAL_OPTIONS, cols: 80, rows: 24, disableStdin: true, scrollback, fontSize: 14, cursorBlink: false });
    drawsOnly(this.terminal);
    this.terminal.open(box);
    const field = this.terminal.textarea;
    if (field) {
      field.setAttribute("aria-label", label);
      field.tabIndex = -1;
    }
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(box);
    this.fit();
  }

  get columns(): number {
    return this.terminal.cols;
  }

  resize(columns: number, rows: number) {
    const next = [bounded(columns, SIZES.columns), bounded(rows, SIZES.rows)] as const;
    if (next[0] === this.terminal.cols && next[1] === this.terminal.rows) return;
    this.terminal.resize(...next);
    this.fit();
  }

  /** Output of a program without a terminal: its lines end without a carriage return. */
  plain(plain: boolean) {
    if (this.terminal.options.convertEol !== plain) this.terminal.options.convertEol = plain;
  }

  reset() {
    this.terminal.reset();
  }

  write(data: string | Uint8Array, done?: () => void) {
    this.terminal.write(data, done);
  }

  /** What the screen shows, as lines of text. */
  text(): string {
    const buffer = this.terminal.buffer.active;
    const out: string[] = [];
    for (let y = 0; y < this.terminal.rows; y += 1) out.push(buffer.getLine(buffer.viewportY + y)?.translateToString(true) ?? "");
    return out.join("\n").trimEnd();
  }

  /** The font size at which the whole screen is in the box. */
  private fit() {
    if (this.disposed || this.box.clientWidth === 0) return;
    const room = { width: this.box.clientWidth - 20, height: this.box.clientHeight - 12 };
    const size = Math.min(room.width / (this.terminal.cols * 0.605), room.height / (this.terminal.rows * 1.18));
    const next = Math.max(SMALLEST_PX, Math.min(LARGEST_PX, Math.floor(size * 2) / 2));
    if (next !== this.terminal.options.fontSize) this.terminal.options.fontSize = next;
  }

  dispose() {
    this.disposed = true;
    this.watcher.disconnect();
    this.terminal.dispose();
  }
}
