// SPDX-License-Identifier: Apache-2.0
// A dialog that is there while it is open. When it goes, the focus is where it was before: on what opened it.
import { Modal, type ModalRootProps } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";

export function useReturnFocus() {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // Once the dialog's own trap for the focus has gone.
      window.setTimeout(() => before instanceof HTMLElement && before.isConnected && before.focus({ preventScroll: true }));
    },
    [before],
  );
}

/** Its head is no `header`: that would be a second banner of the page. */
export function Dialog({ title, size, onClose, children }: { title: string; size?: ModalRootProps["size"]; onClose: () => void; children: ReactNode }) {
  useReturnFocus();
  return (
    <Modal.Root opened onClose={onClose} size={size} centered transitionProps={{ duration: 120 }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content>
        <div className="dialog-head">
          <Modal.Title>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
