// SPDX-License-Identifier: Apache-2.0
// A terminal to type in. What the target sends draws, and asks the terminal what terminals are asked (its size, where the
// cursor is); it sets no title, reaches no clipboard and opens no link.
import "@xterm/xterm/css/xterm.css";
import "../styles/terminal.css";
import { Terminal } from "@xterm/xterm";
import type { Size } from "../terminal/events";
import { drawsOnly, TERMINAL_OPTIONS } from "../terminal/options";

export interface Typist {
  typed: (bytes: Uint8Array) => void;
  resized: (size: Size) => void;
  /** The user wants to leave the terminal by keyboard. */
  leave: () => void;
}

const LEAST = { columns: 20, rows: 5 };
const MOST = { columns: 500, rows: 200 };

/** Xterm's binary reports hold a byte a character. */
function raw(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0) & 0xff);
}

// A pasted text could otherwise end the marks around it (bracketed paste), or press keys: of controls only tabs and ends of
// lines are left.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

export class TypingScreen {
  private readonly element = document.createElement("div");
  private readonly terminal: Terminal;
  private readonly watcher = new ResizeObserver(() => this.fit());

  constructor(private readonly label: string, typist: Typist) {
    this.element.className = "typing";
    this.terminal = new Terminal({ ...TERMINAL_OPTIONS, fontSize: 14, cols: 80, rows: 24, scrollback: 5000, cursorBlink: false });
    drawsOnly(this.terminal);
    const utf8 = new TextEncoder();
    this.terminal.onData((text) => typist.typed(utf8.encode(text)));
    this.terminal.onBinary((text) => typist.typed(raw(text)));
    this.terminal.onResize(({ cols, rows }) => typist.resized({ columns: cols, rows }));
    this.terminal.attachCustomKeyEventHandler((event) => this.key(event, typist));
    this.element.addEventListener("paste", (event) => this.pasted(event), true);
  }

  /** Shows it in a box that is in the document, as large as the box. */
  attach(box: HTMLElement) {
    box.append(this.element);
    if (!this.terminal.element) {
      this.terminal.open(this.element);
      this.terminal.textarea?.setAttribute("aria-label", this.label);
      this.terminal.textarea?.setAttribute("aria-description", "Ctrl+Shift+Up leaves the terminal.");
      this.watcher.observe(this.element);
    }
    this.fit();
  }

  private pasted(event: ClipboardEvent) {
    event.preventDefault();
    event.stopPropagation();
    this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  private key(event: KeyboardEvent, typist: Typist): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    const act = { KeyC: () => void this.copy(), ArrowUp: typist.leave }[event.code];
    // The browser itself pastes at Ctrl+Shift+V.
    if (!act) return event.code !== "KeyV";
    event.preventDefault();
    if (event.type === "keydown") act();
    return false;
  }

  get size(): Size {
    return { columns: this.terminal.cols, rows: this.terminal.rows };
  }

  write(bytes: Uint8Array | string) {
    this.terminal.write(bytes);
  }

  focus() {
    this.terminal.focus();
  }

  /** What is selected, into the clipboard. False: nothing is. */
  async copy(): Promise<boolean> {
    const text = this.terminal.getSelection();
    if (text) await navigator.clipboard.writeText(text);
    return text !== "";
  }

  /** As typed by hand, but between the marks that a program asked for (bracketed paste). */
  paste(text: string) {
    this.terminal.paste(text.replace(CONTROLS, ""));
  }

  /** For a screen reader: the lines are read as they come. */
  read(aloud: boolean) {
    this.terminal.options.screenReaderMode = aloud;
  }

  /** Whether keys do anything. */
  takesKeys(takes: boolean) {
    this.terminal.options.disableStdin = !takes;
  }

  /** As many columns and rows as the box has room for. */
  fit() {
    const screen = this.element.querySelector<HTMLElement>(".xterm-screen");
    if (!screen || screen.clientWidth === 0 || this.element.clientWidth === 0) return;
    const cell = { width: screen.clientWidth / this.terminal.cols, height: screen.clientHeight / this.terminal.rows };
    const bounded = (value: number, least: number, most: number) => Math.min(most, Math.max(least, Math.floor(value)));
    const columns = bounded((this.element.clientWidth - 16) / cell.width, LEAST.columns, MOST.columns);
    const rows = bounded(this.element.clientHeight / cell.height, LEAST.rows, MOST.rows);
    if (columns !== this.terminal.cols || rows !== this.terminal.rows) this.terminal.resize(columns, rows);
  }

  dispose() {
    this.watcher.disconnect();
    this.terminal.dispose();
    this.element.remove();
  }
}
