/**
 * Finds in a body what it asks an MCP server to do. Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "../lib/json.ts";

/** One thing that a message asks for. */
export interface Call {
  readonly method: string;
  /** What `operations` calls it, and what it is about; absent for methods that are about nothing. */
  readonly targets: readonly Target[];
}

/** A tool, a prompt or a resource. */
export interface Target {
  readonly kind: "tools" | "prompts" | "resources";
  /** The name, or the URI. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

type Members = Record<string, unknown>;
/** Finds the targets in a message's parameters; `undefined` when they are not what they must be. */
type ReadTargets = (params: Members) => readonly Target[] | undefined;

/** Longer ones are refused: templates are matched against them. */
export const MAX_URI_LENGTH = 4096;

/**
 * Longer names of members, methods, tools and prompts are refused: to fold a name costs the square of
 * its length.
 */
export const MAX_NAME_LENGTH = 512;

/** How deep lists and objects may be nested. */
export const MAX_DEPTH = 512;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** How many things one request may ask for. */
export const MAX_CALLS = 1000;

/** Known members by what {@linkcode plain} makes of them. */
const MESSAGE_MEMBERS = byPlain("jsonrpc", "id", "method", "params", "result", "error");
const PARAMETERS = byPlain(
  "name",
  "uri",
  "ref",
  "arguments",
  "notifications",
  "resourceSubscriptions",
  "type",
);

const named = (kind: "tools" | "prompts"): ReadTargets => ({ name, arguments: args = {} }) => {
  if (name === undefined) return [];
  const isName = typeof name === "string" && name.length <= MAX_NAME_LENGTH;
  return isName && isObject(args) ? [{ kind, name, arguments: args }] : undefined;
};

const resource: ReadTargets = ({ uri }) => {
  if (uri === undefined) return [];
  return typeof uri === "string" && uri.length <= MAX_URI_LENGTH
    ? [{ kind: "resources", name: uri, arguments: {} }]
    : undefined;
};

const TARGETS = new Map<string, ReadTargets>([
  ["tools/call", named("tools")],
  ["prompts/get", named("prompts")],
  ["resources/read", resource],
  ["resources/subscribe", resource],
  ["resources/unsubscribe", resource],
  ["completion/complete", ({ ref = {} }) => {
    if (!isObject(ref) || !isPlain(ref, PARAMETERS)) return undefined;
    const { name, uri } = ref;
    if (uri === undefined) return named("prompts")({ name });
    return name === undefined ? resource({ uri }) : undefined;
  }],
  ["subscriptions/listen", ({ notifications = {} }) => {
    if (!isObject(notifications) || !isPlain(notifications, PARAMETERS)) return undefined;
    const { resourceSubscriptions: uris = [] } = notifications;
    if (!Array.isArray(uris)) return undefined;
    const targets = uris.map((uri: unknown) => resource({ uri })?.[0]);
    return targets.every((target) => target !== undefined) ? targets : undefined;
  }],
]);

/**
 * Finds all that a body asks for, a batch's messages one by one. Answers of the client ask for nothing.
 *
 * What two parsers or servers could read in two ways is not judged at all: a member that another
 * spelling of stands beside or in place of (`Method`), a name that is no text, a list in a batch. Nor
 * is what asks for more than {@linkcode MAX_CALLS} things. What names nothing at all is the server's
 * to refuse.
 *
 * @param body The parsed body.
 * @returns What it asks for, or `undefined` when it is not what JSON-RPC and MCP have.
 *
 * @see {@link https://www.jsonrpc.org/specification#batch | JSON-RPC 2.0 §6}
 */
export function readCalls(body: unknown): Call[] | undefined {
  const calls: Call[] = [];
  let count = 0;
  for (const message of Array.isArray(body) ? body : [body]) {
    if (!isObject(message) || !isPlain(message, MESSAGE_MEMBERS)) return undefined;
    const { method, params } = message;
    if (method === undefined) continue;
    if (typeof method !== "string" || method.length > MAX_NAME_LENGTH) return undefined;
    const targets = readTargets(method, params);
    if (targets === undefined) return undefined;
    count += 1 + targets.length;
    if (count > MAX_CALLS) return undefined;
    calls.push({ method, targets });
  }
  return calls;
}

function readTargets(method: string, params: unknown = {}): readonly Target[] | undefined {
  const read = TARGETS.get(method);
  if (read === undefined) return TARGETS.has(plain(method)) ? undefined : [];
  return isObject(params) && isPlain(params, PARAMETERS) ? read(params) : undefined;
}

function byPlain(...names: string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [plain(name), name]));
}

/** Whether no member is another spelling of a known one, or replaces what others inherit from. */
function isPlain(members: Members, known: ReadonlyMap<string, string>): boolean {
  for (const name in members) {
    if (known.get(name) === name) continue;
    if (name.length > MAX_NAME_LENGTH) return false;
    const spelling = plain(name);
    if (spelling === "__proto__" || (known.get(spelling) ?? name) !== name) return false;
  }
  return true;
}

/** Some parsers match names without case, and fold letters that look alike. */
function plain(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

/**
 * Tells whether JSON is nested deeper than every reader of it can bear: some descend into it call by
 * call, and not every engine writes it again.
 *
 * @param json The text, as UTF-8.
 * @returns Whether it is nested deeper than {@linkcode MAX_DEPTH}.
 */
export function isTooDeep(json: Uint8Array): boolean {
  // What is closed needs as many characters again.
  if (json.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}
