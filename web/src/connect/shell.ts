// SPDX-License-Identifier: Apache-2.0
// One terminal with its connection. It lives while its entry in the list of shells does, in sight or not.
import { inert } from "../parts/inert";
import { Link, socketAddress, type Said } from "./link";
import { changeShell, dropShell, whenClosed, type Facts, type ShellState } from "./shells";
import { TypingScreen } from "./typing-screen";

const STATES: ReadonlySet<string> = new Set<ShellState>(["opening", "held", "live", "paused", "supervised"]);
const LOST = "The connection to the gateway is lost.";

const shells = new Map<string, Shell>();

/** The shell of that entry; made when it is first asked for. */
export function shellOf(facts: Facts, leave: () => void): Shell {
  let shell = shells.get(facts.key);
  if (!shell) {
    shell = new Shell(facts, leave);
    shells.set(facts.key, shell);
    whenClosed(facts.key, shell.close);
  }
  return shell;
}

export class Shell {
  readonly screen: TypingScreen;
  private link: Link | null = null;

  constructor(private readonly facts: Facts, leave: () => void) {
    this.screen = new TypingScreen(inert(`Terminal: ${facts.account} on ${facts.target}`), {
      typed: (bytes) => this.type(bytes),
      resized: (size) => this.link?.resize(size),
      leave,
    });
  }

  /** Shows it in the box, and connects if it has not yet: the session begins with the size of the box. */
  attach(box: HTMLElement) {
    this.screen.attach(box);
    if (!this.link) this.connect();
    this.screen.focus();
  }

  /** A session of its own, in the same terminal. */
  connect() {
    this.link?.close();
    if (this.link) this.screen.write("\u001bc");
    changeShell(this.facts.key, { state: "connecting", words: "", code: "", wantsProof: false, session: "" });
    this.screen.takesKeys(true);
    const link = new Link(socketAddress(this.facts.target, this.facts.account, this.screen.size), {
      output: (bytes) => this.screen.write(bytes),
      said: (message) => this.hear(message),
      closed: (reason) => this.over("lost", reason || LOST),
    });
    this.link = link;
    this.screen.focus();
  }

  private type(bytes: Uint8Array) {
    if (this.link?.type(bytes) === false) changeShell(this.facts.key, { words: "That was too much at once for the connection: nothing of it was sent." });
  }

  private hear(message: Said) {
    if (message.end) {
      const { status, words, code } = message.end;
      this.over("ended", words || (status === undefined ? "" : `Exit status ${status}.`));
      changeShell(this.facts.key, { wantsProof: code === "factor" });
      return;
    }
    const change: Partial<Facts> = {};
    if (typeof message.session === "string") change.session = message.session;
    if (typeof message.state === "string" && STATES.has(message.state)) Object.assign(change, { state: message.state as ShellState, words: "", code: "" });
    if (typeof message.words === "string") change.words = message.words;
    if (typeof message.code === "string") change.code = message.code;
    changeShell(this.facts.key, change);
  }

  private over(state: "ended" | "lost", words: string) {
    this.link?.close();
    this.screen.takesKeys(false);
    changeShell(this.facts.key, { state, words });
  }

  /** Ends the session and takes the terminal away. */
  readonly close = () => {
    this.link?.close();
    this.screen.dispose();
    shells.delete(this.facts.key);
    dropShell(this.facts.key);
  };
}
