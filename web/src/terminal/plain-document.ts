// SPDX-License-Identifier: Apache-2.0
// xterm.js puts its colours into style elements and style attributes. Its style elements get the page's nonce, and its
// style attributes are set through the object model, so the content security policy holds for it, too.
import { styleNonce } from "../app/look";

function createElement(name: string): HTMLElement {
  const element = document.createElement(name);
  if (element instanceof HTMLStyleElement) element.nonce = styleNonce;
  return element;
}

// Its cells are spans of the document itself, each with the attribute `style` where a colour is none of the 256.
const { setAttribute } = Element.prototype;
HTMLSpanElement.prototype.setAttribute = function (this: HTMLSpanElement, name: string, value: string) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

export const plainDocument: Document = new Proxy(document, {
  get(real, name) {
    if (name === "createElement") return createElement;
    const value: unknown = Reflect.get(real, name, real);
    return typeof value === "function" ? (value as (...all: unknown[]) => unknown).bind(real) : value;
  },
});
