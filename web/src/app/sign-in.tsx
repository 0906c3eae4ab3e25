// SPDX-License-Identifier: Apache-2.0
// The sign-in: password, then a one-time code where the gateway asks for one. Keeps neither beyond its own life.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Problem, send, words } from "../api/client";
import { Icon } from "../parts/icon";
import { inert } from "../parts/inert";

/** Problems that only say: a code is due. */
export function wantsCode(error: unknown): boolean {
  return error instanceof Problem && error.code === "code-due";
}

export function SignIn() {
  const queries = useQueryClient();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const codeField = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Sallyport";
  }, []);
  useEffect(() => {
    if (asked) codeField.current?.focus();
  }, [asked]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setWrong("");
    try {
      await send("POST", "/session", { user, password, ...(asked ? { code } : {}) });
      await queries.invalidateQueries({ queryKey: ["me"] });
    } catch (error) {
      if (wantsCode(error) && !asked) {
        setAsked(true);
      } else {
        setWrong(words(error));
        setCode("");
      }
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="signin">
      <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
        <h1 className="brand">
          <img src="/icon.svg" alt="" width="24" height="24" />
          Sallyport
        </h1>
        <TextInput label="User name" name="username" autoComplete="username" autoFocus required withAsterisk={false} readOnly={asked} value={user} onChange={(event) => setUser(event.currentTarget.value)} size="sm" />
        {!asked && <PasswordInput label="Password" name="password" autoComplete="current-password" required withAsterisk={false} value={password} onChange={(event) => setPassword(event.currentTarget.value)} size="sm" />}
        {asked && (
          <TextInput
            ref={codeField}
            label="One-time code"
            description="Six digits from your authenticator app, or a recovery code."
            name="code"
            autoComplete="one-time-code"
            required
            withAsterisk={false}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            size="sm"
          />
        )}
        <div role="alert" aria-live="assertive">
          {wrong && (
            <div className="note bad line">
              <Icon name="warn" />
              <span className="grow">{inert(wrong)}</span>
            </div>
          )}
        </div>
        <Button type="submit" size="sm" loading={busy}>
          {asked ? "Sign in" : "Continue"}
        </Button>
        {asked && (
          <Button variant="subtle" onClick={() => { setAsked(false); setCode(""); setPassword(""); setWrong(""); }}>
            Somebody else
          </Button>
        )}
      </form>
    </main>
  );
}
