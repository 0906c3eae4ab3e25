// SPDX-License-Identifier: Apache-2.0
// The one way to the API: same-origin requests with the sign-in's cookie, which scripts cannot read. It keeps nothing.

const BASE = "/api/v1";

/** An answer that is no success (RFC 9457): the words are the gateway's. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail);
  }
}

export type Parameters = Record<string, string | number | boolean | string[] | undefined | null>;

export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/** A path of segments, each of which may hold any character. */
export function path(...segments: string[]): string {
  return segments.map((one) => `/${encodeURIComponent(one)}`).join("");
}

/** Who wants to know that the sign-in has ended. */
let onSignedOut: () => void = () => {};
export function whenSignedOut(call: () => void) {
  onSignedOut = call;
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => "");
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const code = typeof body.code === "string" ? body.code : "";
    const detail = [body.detail, body.title].find((one): one is string => typeof one === "string" && one !== "");
    return new Problem(answer.status, code, detail ?? `the gateway answered with status ${answer.status}`, body);
  } catch {
    return new Problem(answer.status, "", `the gateway answered with status ${answer.status}`);
  }
}

/** Asks for a fresh proof of who the user is; false: the user gave up. */
let proveAgain: () => Promise<boolean> = () => Promise.resolve(false);
export function whenProofIsDue(call: () => Promise<boolean>) {
  proveAgain = call;
}

/** For what is refused over a WebSocket, where no answer can ask for it. False: the user gave up. */
export function askForProof(): Promise<boolean> {
  return proveAgain();
}

export interface Asked {
  method: string;
  where: string;
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A connection is one sign-in's for good: with another sign-in the gateway closes it (421), and the next one will do. */
const CONNECTIONS = 8;

async function fetched({ method, where, body, headers, signal }: Asked): Promise<Response> {
  for (let left = CONNECTIONS; ; left -= 1) {
    const answer = await fetch(where, {
      method,
      credentials: "same-origin",
      redirect: "error",
      signal,
      body,
      // No other site can make a browser send X-Sallyport.
      headers: { "X-Sallyport": "1", Accept: "application/json, application/problem+json, application/x-ndjson", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    });
    if (answer.status !== 421 || left <= 0) return answer;
  }
}

export async function ask(asked: Asked): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetched(asked);
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Problem(0, "unreachable", "The gateway cannot be reached. Is it running, and is your network up?");
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.code === "signed-out" && asked.where !== address("/session")) onSignedOut();
  if (problem.code === "fresh-proof" && asked.where !== address("/session/proof") && (await proveAgain())) return ask(asked);
  throw problem;
}

async function parsed<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export async function get<T>(where: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  return parsed<T>(await ask({ method: "GET", where: address(where, parameters), signal }));
}

export async function send<T>(method: "POST" | "PUT" | "DELETE", where: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  return parsed<T>(await ask({ method, where: address(where), body: body === undefined ? undefined : JSON.stringify(body), headers }));
}

/** What went wrong, in words for the user. */
export function words(error: unknown): string {
  if (error instanceof Problem) return error.detail.charAt(0).toUpperCase() + error.detail.slice(1);
  return error instanceof Error ? error.message : String(error);
}
