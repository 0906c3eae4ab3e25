// SPDX-License-Identifier: Apache-2.0
// All pages: the sign-in for strangers, the frame with the page for everybody else. The address stays as it is, so the
// page that was asked for appears after the sign-in.
import { useEffect } from "react";
import { MeContext, useWhoAmI } from "../api/me";
import { closeAllShells } from "../connect/shells";
import { Waiting, Wrong } from "../parts/bits";
import { Shell } from "./shell";
import { SignIn } from "./sign-in";

export function Root() {
  const who = useWhoAmI();
  const nobody = who.data === null;
  useEffect(() => {
    if (nobody) closeAllShells();
  }, [nobody]);
  if (who.isPending) return <Waiting what="Asking who is signed in" />;
  if (who.data === null) return <SignIn />;
  if (!who.data) {
    return (
      <main className="signin">
        <div className="box">
          <Wrong error={who.error} again={() => void who.refetch()} />
        </div>
      </main>
    );
  }
  return (
    <MeContext.Provider value={who.data}>
      <Shell />
    </MeContext.Provider>
  );
}
