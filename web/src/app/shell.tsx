// SPDX-License-Identifier: Apache-2.0
// The frame of all pages: rail, top bar, palette.
import { Menu, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useHotkeys, useLocalStorage } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Fragment, lazy, Suspense, useEffect, useState } from "react";
import { send } from "../api/client";
import { useMe } from "../api/me";
import { useConnected, useNews } from "../api/news";
import { useNotices } from "../api/notices";
import { useChangesToDecide } from "../api/changes";
import { useToDecide } from "../api/requests";
import { Icon } from "../parts/icon";
import { inert } from "../parts/inert";
import { placesFor, type Place } from "./places";
import { Proof } from "./proof";

const Palette = lazy(() => import("./palette"));

export function Shell() {
  useNews();
  useNotices();
  const [slim, setSlim] = useLocalStorage({ key: "rail", defaultValue: "wide", getInitialValueInEffect: false });
  const [open, setOpen] = useState(false);
  const [finding, setFinding] = useState(false);
  const where = useRouterState({ select: (state) => state.location.pathname });
  useHotkeys([["mod+K", () => setFinding(true)]], []);
  useEffect(() => setOpen(false), [where]);
  return (
    <div className={slim === "slim" ? "shell slim" : "shell"}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <button
          type="button"
          className="plain-button"
          aria-label="Show or hide the names of pages"
          aria-expanded={open || slim !== "slim"}
          onClick={() => (window.matchMedia("(max-width: 720px)").matches ? setOpen(!open) : setSlim(slim === "slim" ? "wide" : "slim"))}
        >
          <Icon name="menu" />
        </button>
        <Link to="/" className="brand" aria-label="Sallyport: overview">
          <img src="/icon.svg" alt="" />
          <span className="label">Sallyport</span>
        </Link>
        <button type="button" className="find" onClick={() => setFinding(true)}>
          <Icon name="search" />
          <span className="cut">Find or do …</span>
          <kbd>Ctrl K</kbd>
        </button>
        <span className="grow" />
        <Connection />
        <Own />
      </header>
      <Rail open={open} />
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Proof />
      {finding && (
        <Suspense fallback={null}>
          <Palette close={() => setFinding(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Rail({ open }: { open: boolean }) {
  const me = useMe();
  const waiting: Partial<Record<Place["to"], number>> = { "/requests": useToDecide().data?.length, "/changes": useChangesToDecide().data?.length };
  const places = placesFor(me);
  return (
    <nav className={open ? "rail is-open" : "rail"} aria-label="Pages">
      {places.map((place, at) => (
        <Fragment key={place.to}>
          {place.below && !places[at - 1]?.below && <hr />}
          <Link to={place.to} activeOptions={{ exact: place.to === "/", includeSearch: false }} title={place.name}>
            <Icon name={place.icon} />
            <span className="label">{place.name}</span>
            {(waiting[place.to] ?? 0) > 0 && (
              <span className="count">
                {waiting[place.to]}
                <span className="hidden-words"> to decide</span>
              </span>
            )}
          </Link>
        </Fragment>
      ))}
    </nav>
  );
}

function Connection() {
  const connected = useConnected();
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (connected) return setLate(false);
    const timer = window.setTimeout(() => setLate(true), 4000);
    return () => window.clearTimeout(timer);
  }, [connected]);
  if (!late) return null;
  return (
    <span className="offline" role="status" title="The connection for changes is lost. The pages try again by themselves.">
      <Icon name="warn" size={12} />
      not live
    </span>
  );
}

function Own() {
  const me = useMe();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const leave = () =>
    void send("DELETE", "/session").finally(() => {
      // The sign-in shows at once; nothing of this user's stays for the next one.
      queries.setQueryData(["me"], null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
    });
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <button type="button" className="plain-button" aria-label={`Signed in as ${inert(me.user)}: menu`}>
          <Icon name="people" />
          <bdi className="not-narrow">{inert(me.user)}</bdi>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.roles.filter((role) => role !== "user").join(", ") || "user"}</Menu.Label>
        <Menu.Item leftSection={<Icon name="sun" />} onClick={() => setColorScheme(dark ? "light" : "dark")}>
          {dark ? "Light colours" : "Dark colours"}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="accounts" />} onClick={() => void navigate({ to: "/sign-ins" })}>
          Your sign-ins
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="out" />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
