// SPDX-License-Identifier: Apache-2.0
// The browser's own notices of requests that wait, for who allowed them: while no page of the portal is in sight.
import { useEffect, useRef, useState } from "react";
import { inert } from "../parts/inert";
import { useToDecide } from "./requests";

export function useNotices() {
  const { data } = useToDecide();
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!data) return;
    const fresh = known.current ? data.filter((one) => !known.current?.has(one.id)) : [];
    known.current = new Set(data.map((one) => one.id));
    if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
    for (const request of fresh) {
      const notice = new Notification("A request waits for you", { body: inert(`${request.user} asks for ${request.account} on ${request.targets.join(", ")}`).slice(0, 200), tag: request.id });
      notice.onclick = () => {
        window.focus();
        notice.close();
      };
    }
  }, [data]);
}

/** Whether the browser has yet to be asked, and the question. */
export function useNoticePermission(): [boolean, () => void] {
  const [open, setOpen] = useState("Notification" in window && Notification.permission === "default");
  return [open, () => void Notification.requestPermission().then((answer) => setOpen(answer === "default"))];
}
