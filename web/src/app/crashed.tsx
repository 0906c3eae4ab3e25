// SPDX-License-Identifier: Apache-2.0
// What is shown in the place of a page that failed or does not exist.
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { words } from "../api/client";
import { Empty } from "../parts/bits";
import { inert } from "../parts/inert";

export function Crashed({ error }: { error: unknown }) {
  return (
    <Empty title="This page failed">
      <p>{inert(words(error))}</p>
      <p>A newer version of the portal may have been installed meanwhile.</p>
      <Button onClick={() => window.location.reload()}>Load the page again</Button>
    </Empty>
  );
}

export function Nowhere() {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be mistyped. <Link to="/">Go to the overview</Link>, or press <kbd>Ctrl</kbd> <kbd>K</kbd> to find what you look for.
      </p>
    </Empty>
  );
}
