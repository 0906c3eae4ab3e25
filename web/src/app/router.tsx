// SPDX-License-Identifier: Apache-2.0
// Addresses and their pages. Each page's code is fetched when it is opened. Filters live in the address.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Root } from "./root";
import { Crashed, Nowhere } from "./crashed";

const root = createRootRoute({ component: Root, notFoundComponent: Nowhere, errorComponent: Crashed });

/** Filters are texts; anything else in the address is dropped. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): { [key in Name]?: string } => {
    const out: { [key in Name]?: string } = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "string" && value !== "") out[name] = value;
      if (typeof value === "number" || typeof value === "boolean") out[name] = String(value);
    }
    return out;
  };
}

const page = { getParentRoute: () => root };
const routes = [
  createRoute({ ...page, path: "/", component: lazyRouteComponent(() => import("../pages/overview"), "OverviewPage") }),
  createRoute({ ...page, path: "/live", validateSearch: texts("user", "account", "target", "state", "view"), component: lazyRouteComponent(() => import("../pages/live"), "LivePage") }),
  createRoute({ ...page, path: "/sessions/$id", validateSearch: texts("tab", "t"), component: lazyRouteComponent(() => import("../pages/session"), "SessionPage") }),
  createRoute({ ...page, path: "/recordings", validateSearch: texts("user", "account", "target", "since", "until"), component: lazyRouteComponent(() => import("../pages/recordings"), "RecordingsPage") }),
  createRoute({ ...page, path: "/requests", validateSearch: texts("show", "account", "target"), component: lazyRouteComponent(() => import("../pages/requests"), "RequestsPage") }),
  createRoute({ ...page, path: "/changes", validateSearch: texts("show"), component: lazyRouteComponent(() => import("../pages/changes"), "ChangesPage") }),
  createRoute({ ...page, path: "/connect", component: lazyRouteComponent(() => import("../pages/connect"), "ConnectPage") }),
  createRoute({ ...page, path: "/audit", validateSearch: texts("text", "type", "actor", "session", "since", "until"), component: lazyRouteComponent(() => import("../pages/audit"), "AuditPage") }),
  createRoute({ ...page, path: "/policies", validateSearch: texts("name", "tab"), component: lazyRouteComponent(() => import("../pages/policies"), "PoliciesPage") }),
  createRoute({ ...page, path: "/people", validateSearch: texts("name", "tab"), component: lazyRouteComponent(() => import("../pages/people"), "PeoplePage") }),
  createRoute({ ...page, path: "/targets", validateSearch: texts("name", "tab"), component: lazyRouteComponent(() => import("../pages/targets"), "TargetsPage") }),
  createRoute({ ...page, path: "/accounts", validateSearch: texts("name", "tab"), component: lazyRouteComponent(() => import("../pages/accounts"), "AccountsPage") }),
  createRoute({ ...page, path: "/others", validateSearch: texts("kind", "name", "tab"), component: lazyRouteComponent(() => import("../pages/others"), "OthersPage") }),
  createRoute({ ...page, path: "/system", component: lazyRouteComponent(() => import("../pages/system"), "SystemPage") }),
  createRoute({ ...page, path: "/sign-ins", component: lazyRouteComponent(() => import("../pages/sign-ins"), "SignInsPage") }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: "intent",
  // Parameters are plain texts: ?user=alice, not ?user="alice".
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const out = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== "") out.set(name, String(value));
    const text = out.toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
