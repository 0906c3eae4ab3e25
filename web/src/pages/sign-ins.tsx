// SPDX-License-Identifier: Apache-2.0
// Where one is signed in, and how to end it.
import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, path, send } from "../api/client";
import type { Page } from "../api/types";
import { PageFrame, Waiting, Wrong } from "../parts/bits";
import { Inert, inert } from "../parts/inert";
import { Time } from "../parts/time";

interface SignIn {
  id: string;
  method: string;
  source: string;
  agent: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  current: boolean;
}

export function SignInsPage() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ["sign-ins"], queryFn: ({ signal }) => get<Page<SignIn>>("/session/sign-ins", {}, signal) });
  const [error, setError] = useState<unknown>(null);
  const end = (id: string) => {
    setError(null);
    send("DELETE", `/session/sign-ins${path(id)}`)
      .then(() => queries.invalidateQueries({ queryKey: ["sign-ins"] }))
      .catch(setError);
  };
  return (
    <PageFrame title="Your sign-ins">
      <p className="dim">Each browser in which you are signed in. End one that you do not know, then have an administrator set another password.</p>
      <Wrong error={list.error ?? error} again={() => void list.refetch()} />
      {list.isPending && <Waiting what="Loading your sign-ins" />}
      <div className="stack">
        {list.data?.items.map((one) => (
          <section key={one.id} className="card line" aria-label={one.current ? "This sign-in" : inert(`Another sign-in, ${one.id}`)}>
            <div className="grow">
              <div className="wrap"><Inert text={one.agent} most={300} /> {one.current && <span className="state live">this one</span>}</div>
              <div className="dim small">from <Inert text={one.source} mono /> by <Inert text={one.method} />; begun <Time at={one.created_at} />, last seen <Time at={one.seen_at} />, ends <Time at={one.expires_at} /></div>
            </div>
            {!one.current && <Button variant="light" color="red" onClick={() => end(one.id)}>End it</Button>}
          </section>
        ))}
      </div>
    </PageFrame>
  );
}
