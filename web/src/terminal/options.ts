// SPDX-License-Identifier: Apache-2.0
// What all terminals of the pages have in common: what a target sends draws characters and colours. It sets no title,
// reaches no clipboard and opens no link.
import type { ITerminalOptions, Terminal } from "@xterm/xterm";
import { plainDocument } from "./plain-document";

export const TERMINAL_OPTIONS: ITerminalOptions & { documentOverride: Document } = {
  fontFamily: '"DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, monospace',
  theme: {
    background: "#0d1012",
    foreground: "#d8dde1",
    cursor: "#5fc3d2",
    cursorAccent: "#0d1012",
    selectionBackground: "#2b5660",
  },
  // Text in the colour of its background is shown, too: nothing hides from whoever looks.
  minimumContrastRatio: 4.5,
  allowProposedApi: false,
  screenReaderMode: false,
  // OSC 8: a link of a target leads nowhere.
  linkHandler: { activate: () => {}, hover: () => {}, leave: () => {} },
  documentOverride: plainDocument,
};

/** Before the terminal opens. OSC 52 is the clipboard, 0 to 2 are titles. */
export function drawsOnly(terminal: Terminal) {
  for (const osc of [0, 1, 2, 52]) terminal.parser.registerOscHandler(osc, () => true);
}
