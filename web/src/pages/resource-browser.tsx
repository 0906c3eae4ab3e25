// SPDX-License-Identifier: Apache-2.0
// Resources of a kind: a list beside what one of them is.
import { Button, Tabs } from "@mantine/core";
import { useState, type ReactNode } from "react";
import "../styles/resources.css";
import { useList } from "../api/lists";
import { isAdministrator, useMe } from "../api/me";
import { useHistory, useResource, type Kind } from "../api/resources";
import type { Resource, Versioned } from "../api/types";
import { Empty, PageFrame, Waiting, Wrong } from "../parts/bits";
import { Changes } from "../parts/changes";
import { TextFilter } from "../parts/filters";
import { Inert } from "../parts/inert";
import { Time } from "../parts/time";
import { ResourceEditor } from "./resource-editor";

export interface ExtraTab {
  value: string;
  title: string;
  render: (one: Versioned) => ReactNode;
}

interface Props {
  kind: Kind;
  title: string;
  /** "a policy" */
  one: string;
  name: string | undefined;
  tab: string | undefined;
  go: (name: string | undefined, tab?: string) => void;
  summary: (resource: Resource) => ReactNode;
  template: string;
  extra?: ExtraTab[];
  aside?: ReactNode;
  above?: ReactNode;
  teach: ReactNode;
  below?: (one: Versioned) => ReactNode;
}

export const NEW = "new resource";

export function ResourceBrowser(props: Props) {
  const me = useMe();
  const [text, setText] = useState<string | undefined>();
  const list = useList<Versioned>("resources", `/resources/${props.kind}`, { text }, { limit: 500 });
  const creating = props.name === NEW;
  return (
    <PageFrame
      title={props.title}
      heading={<>{props.title} {list.total !== null && <span className="dim">{list.total}</span>}</>}
      aside={<>{props.aside}{isAdministrator(me) && <Button onClick={() => props.go(NEW)}>Add {props.one}</Button>}</>}
    >
      {props.above}
      <div className={props.name ? "browser has-one" : "browser"}>
        <div className="browser-list">
          <div className="filters"><TextFilter label="Name" value={text} change={setText} /></div>
          <Wrong error={list.error} again={list.refetch} />
          {list.loading && <Waiting what={`Loading ${props.title.toLowerCase()}`} />}
          {!list.loading && list.rows.length === 0 && <Empty title={text ? "No name matches" : "None yet"}>{!text && props.teach}</Empty>}
          <ul className="names" aria-label={props.title}>
            {list.rows.map(({ resource }) => (
              <li key={resource.name}>
                <button type="button" aria-current={resource.name === props.name ? "true" : undefined} onClick={() => props.go(resource.name, props.tab)}>
                  <strong className="cut"><Inert text={resource.name} /></strong>
                  <span className="cut dim small">{props.summary(resource)}</span>
                </button>
              </li>
            ))}
          </ul>
          {list.more && <Button variant="default" onClick={list.fetchMore} loading={list.fetching}>Show more</Button>}
        </div>
        <div className="browser-one">
          {creating && <section><h2>New</h2><ResourceEditor kind={props.kind} stored={null} template={props.template} saved={(name) => props.go(name)} /></section>}
          {props.name && !creating && <One {...props} name={props.name} />}
          {!props.name && <p className="dim choose">Choose one to see and change it.</p>}
        </div>
      </div>
    </PageFrame>
  );
}

function One({ kind, name, tab, go, template, extra = [], below }: Props & { name: string }) {
  const found = useResource(kind, name);
  if (found.isPending) return <Waiting what={`Loading ${name}`} />;
  if (!found.data) {
    return (
      <div className="stack">
        <Wrong error={found.error} again={() => void found.refetch()} />
        <div><Button variant="default" onClick={() => go(undefined)}>Back to the list</Button></div>
      </div>
    );
  }
  const stored = found.data;
  const tabs = [...extra.map((one) => one.value), "yaml", "history"];
  const current = tab && tabs.includes(tab) ? tab : (tabs[0] ?? "yaml");
  return (
    <section aria-label={name}>
      <div className="line one-head">
        <Button className="only-narrow" variant="subtle" onClick={() => go(undefined)}>Back</Button>
        <h2><Inert text={name} /></h2>
        <span className="dim small">version {stored.version}</span>
      </div>
      {stored.resource.description && <p className="dim"><Inert text={stored.resource.description} /></p>}
      <Tabs value={current} onChange={(next) => go(name, next ?? undefined)} keepMounted={false}>
        <Tabs.List>
          {extra.map((one) => <Tabs.Tab key={one.value} value={one.value}>{one.title}</Tabs.Tab>)}
          <Tabs.Tab value="yaml">YAML</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
        </Tabs.List>
        {extra.map((one) => <Tabs.Panel key={one.value} value={one.value} pt={12}>{one.render(stored)}</Tabs.Panel>)}
        <Tabs.Panel value="yaml" pt={12}><ResourceEditor kind={kind} stored={stored} template={template} saved={(next) => go(next, next ? "yaml" : undefined)} /></Tabs.Panel>
        <Tabs.Panel value="history" pt={12} className="stack"><History kind={kind} name={name} />{below?.(stored)}</Tabs.Panel>
      </Tabs>
    </section>
  );
}

function History({ kind, name }: { kind: Kind; name: string }) {
  const history = useHistory(kind, name);
  if (history.isPending) return <Waiting what="Loading the versions" />;
  if (!history.data) return <Wrong error={history.error} again={() => void history.refetch()} />;
  return (
    <ol className="versions">
      {[...history.data].reverse().map((version) => (
        <li key={version.version} className="card">
          <div className="line">
            <strong>Version {version.version}</strong>
            <span><Inert text={version.action} /> {version.author && <>by <Inert text={version.author} /></>}</span>
            <span className="dim"><Time at={version.time} /></span>
          </div>
          <Changes changes={version.changes} leftOut={version.left_out} />
        </li>
      ))}
    </ol>
  );
}
