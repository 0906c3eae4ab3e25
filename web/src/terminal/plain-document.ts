// SPDX-License-Identifier: Apache-2.0
// xterm.js puts its colours into style elements and style attributes. This document gives its style elements the page's
// nonce and sets its style attributes through the object model, so the content security policy holds for it, too.
import { styleNonce } from "../app/look";

function withStyleByModel(element: HTMLElement): HTMLElement {
  const plain = element.setAttribute.bind(element);
  element.setAttribute = (name: string, value: string) => {
    if (name === "style") element.style.cssText = value;
    else plain(name, value);
  };
  return element;
}

function createElement(name: string): HTMLElement {
  const element = document.createElement(name);
  if (element instanceof HTMLStyleElement) element.nonce = styleNonce;
  return withStyleByModel(element);
}

export const plainDocument: Document = new Proxy(document, {
  get(real, name) {
    if (name === "createElement") return createElement;
    const value: unknown = Reflect.get(real, name, real);
    return typeof value === "function" ? (value as (...all: unknown[]) => unknown).bind(real) : value;
  },
});
