/**
 * Finds in a body the operations that it asks an MCP server for. Pure: no clock, no network.
 *
 * @module
 */

import { isObject } from "../lib/json.ts";

/** One message that asks for something: a request or a notification. */
export interface Call {
  readonly method: string;
  /** The tools, prompts and resources that it asks for; empty when it asks for none of these. */
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

/** The characters of the longest URI. */
const MAX_URI_LENGTH = 4096;

/** The characters of the longest method, tool name or prompt name. */
const MAX_NAME_LENGTH = 512;

/** How deep lists and objects may be nested. */
const MAX_DEPTH = 512;

/** How many messages, tools, prompts and resources one request may have together. */
const MAX_CALLS = 1000;

/** How many members the messages and parameters of one request may have together. */
const MAX_MEMBERS = 10_000;

/** How many characters the names and URIs of one request may have together. */
const MAX_NAMES_LENGTH = 32_768;

/** What a URI with an escape, a query, a fragment or a doubled slash takes of it beside its characters. */
const READINGS_COST = 128;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** How much is left of the bounds while one request is read. */
interface Left {
  members: number;
  characters: number;
}
/** Finds the targets in a message's parameters; `undefined` when those break a rule. */
type ReadTargets = (params: Members, left: Left) => readonly Target[] | undefined;

/** Members that are read, by their name in lower case. */
const MESSAGE_MEMBERS = byLowerCase("jsonrpc", "id", "method", "params", "result", "error");
const PARAMETERS = byLowerCase(
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
  ["completion/complete", ({ ref = {} }, left) => {
    if (!isPlain(ref, PARAMETERS, left)) return undefined;
    const { name, uri } = ref;
    if (uri === undefined) return named("prompts")({ name }, left);
    return name === undefined ? resource({ uri }, left) : undefined;
  }],
  ["subscriptions/listen", ({ notifications = {} }, left) => {
    if (!isPlain(notifications, PARAMETERS, left)) return undefined;
    const { resourceSubscriptions: uris = [] } = notifications;
    if (!Array.isArray(uris) || uris.length > MAX_CALLS) return undefined;
    const targets = uris.map((uri: unknown) => resource({ uri }, left)?.[0]);
    return targets.every((target) => target !== undefined) ? targets : undefined;
  }],
]);

/**
 * Finds the calls of a body, a batch's messages one by one. Responses of the client are no calls.
 *
 * Returns `undefined`, and the request is refused, when two parsers could read the body in two ways:
 * a member under another spelling (`Method` beside or instead of `method`), a member or method that is
 * not visible ASCII, a name that is not a string, a list in a batch. Also when it breaks one of the
 * bounds above: they limit the time that one request can take, whatever is in it.
 *
 * A call without a name is passed on; the MCP server refuses it.
 *
 * @param body The parsed body.
 * @returns The calls, or `undefined` when the body is not what JSON-RPC and MCP describe.
 *
 * @see {@link https://www.jsonrpc.org/specification#batch | JSON-RPC 2.0 §6}
 */
export function readCalls(body: unknown): Call[] | undefined {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (messages.length > MAX_CALLS) return undefined;
  const left: Left = { members: MAX_MEMBERS, characters: MAX_NAMES_LENGTH };
  const calls: Call[] = [];
  let count = messages.length;
  for (const message of messages) {
    if (!isPlain(message, MESSAGE_MEMBERS, left)) return undefined;
    const { method, params } = message;
    if (method === undefined) continue;
    if (typeof method !== "string" || method.length > MAX_NAME_LENGTH) return undefined;
    const targets = readTargets(method, params, left);
    if (targets === undefined) return undefined;
    count += targets.length;
    for (const target of targets) left.characters -= costOf(target);
    if (count > MAX_CALLS || left.characters < 0) return undefined;
    calls.push({ method, targets });
  }
  return calls;
}

/**
 * The characters that a target takes of the bound. A URI that a server may read in several ways is judged
 * in each, and takes as much more time.
 */
function costOf({ kind, name }: Target): number {
  const hasReadings = kind === "resources" && /[%?#]|[^:/]\/\/|:\/{4}/.test(name);
  return name.length + (hasReadings ? READINGS_COST : 0);
}

function readTargets(method: string, params: unknown = {}, left: Left) {
  const read = TARGETS.get(method);
  if (read !== undefined) {
    return isPlain(params, PARAMETERS, left) ? read(params, left) : undefined;
  }
  return isVisibleAscii(method) && !TARGETS.has(method.toLowerCase()) ? [] : undefined;
}

function byLowerCase(...names: string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}

/**
 * Whether a value is an object of which no member can be taken for a known one under another spelling,
 * or for the prototype. Some parsers match names without case; others drop or fold what is not visible
 * ASCII.
 */
function isPlain(
  members: unknown,
  known: ReadonlyMap<string, string>,
  left: Left,
): members is Members {
  if (!isObject(members)) return false;
  for (const name in members) {
    if (--left.members < 0) return false;
    if (known.get(name) === name) continue;
    if (!isVisibleAscii(name)) return false;
    const lowerCase = name.toLowerCase();
    if (lowerCase === "__proto__" || (known.get(lowerCase) ?? name) !== name) return false;
  }
  return true;
}

function isVisibleAscii(name: string): boolean {
  return !/[^!-~]/.test(name);
}

/**
 * Tells whether JSON is nested so deep that a reader may fail on it: some recurse into each level, and
 * not every engine can write such a value again.
 *
 * @param json The text, or its UTF-8. It is valid: the value itself would take longer to search.
 * @returns Whether it is nested deeper than {@linkcode MAX_DEPTH}.
 */
export function isTooDeep(json: string | Uint8Array): boolean {
  // Each level takes a character.
  if (json.length <= MAX_DEPTH) return false;
  return isNestedTooDeep(typeof json === "string" ? new TextEncoder().encode(json) : json);
}

/** What a JSON text has to contain for a number in it to be too large for a double. */
const LARGE_NUMBER = /[eE]\+?\d{3}|(?<!\d)\d{200}/;

/**
 * Tells whether a number of a JSON text is too large for a double: JavaScript reads it as `Infinity`, and
 * writes that as `null`, so that it has two readings.
 *
 * @param text The text.
 * @param value Its value.
 * @returns Whether the value holds such a number.
 */
export function hasTooLargeNumber(text: string, value: unknown): boolean {
  return LARGE_NUMBER.test(text) && holdsInfinity(value);
}

/** Whether a value of JSON holds a number that JSON cannot write. */
export function holdsInfinity(root: unknown): boolean {
  const open: object[] = [[root]];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const member of Array.isArray(value) ? value : Object.values(value)) {
      if (typeof member === "number" && !Number.isFinite(member)) return true;
      if (typeof member === "object" && member !== null) open.push(member);
    }
  }
  return false;
}

function isNestedTooDeep(json: Uint8Array): boolean {
  if (!hasManyBrackets(json)) return false;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) isInString = !isInString;
    // Only a string has backslashes: the next byte is a part of the escape.
    else if (byte === BACKSLASH) at++;
    else if (isInString) continue;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** Whether there are more opening brackets than levels allowed; most bodies have far fewer. */
function hasManyBrackets(json: Uint8Array): boolean {
  let left = MAX_DEPTH;
  for (const bracket of [OPEN_LIST, OPEN_OBJECT]) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}
