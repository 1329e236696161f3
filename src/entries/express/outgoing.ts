/**
 * Node's response, and web-standard ones sent through it.
 *
 * @module
 */

import type { Fields } from "./light_headers.ts";

/** The part of Node's `ServerResponse` that this module uses. */
export interface OutgoingResponse {
  /** The HTTP status. */
  statusCode: number;
  /** The reason phrase. */
  statusMessage: string;
  /** Whether the connection is gone. */
  readonly destroyed: boolean;
  /** Whether the response was sent, or its connection is gone. */
  readonly closed?: boolean;
  /** Whether the status and the fields were sent. */
  readonly headersSent: boolean;
  /** Whether the last part of the body was written. */
  readonly writableEnded: boolean;
  /** Sets status and fields. */
  writeHead(status: number, ...rest: unknown[]): unknown;
  /** Sends a part of the body; `false` asks to wait for `drain`. */
  write(chunk: unknown, ...rest: unknown[]): boolean;
  /** Sends the last part of the body. */
  end(...rest: unknown[]): unknown;
  /** Sends status and fields now. */
  flushHeaders(): void;
  /** All fields by name, in lower case. */
  getHeaders(): Record<string, FieldValue | undefined>;
  /** One field. */
  getHeader(name: string): FieldValue | undefined;
  /** Sets a field. */
  setHeader(name: string, value: FieldValue): unknown;
  /** Removes a field. */
  removeHeader(name: string): void;
  /** Calls back once. */
  once(event: string, listener: () => void): unknown;
  /** Emits an event. */
  emit(event: string): boolean;
  /** Ends the connection. */
  destroy(): unknown;
}

/** A field as Node keeps it. */
export type FieldValue = number | string | readonly string[];

/**
 * Tells whether a response can no longer be written: another middleware has answered, or the client
 * has left.
 *
 * @param outgoing The response.
 * @returns Whether nothing may be sent any more.
 */
export function isAnswered(outgoing: OutgoingResponse): boolean {
  const { headersSent, writableEnded, destroyed, closed = false } = outgoing;
  return headersSent || writableEnded || destroyed || closed;
}

/**
 * Sends a response of our own, unless another one was sent meanwhile. Fields that were set before
 * stay, unless the response has them too.
 *
 * @param outgoing Node's response.
 * @param response The response; its body is read.
 */
export async function sendResponse(outgoing: OutgoingResponse, response: Response): Promise<void> {
  const body = response.body === null ? [] : [new Uint8Array(await response.arrayBuffer())];
  if (isAnswered(outgoing)) return;
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    const earlier = name === "vary" ? outgoing.getHeader(name) : undefined;
    outgoing.setHeader(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  outgoing.end(...body);
}

/**
 * Reads the fields of a response.
 *
 * @param outgoing The response.
 * @returns The fields that were set when they are read.
 */
export function fieldsOf(outgoing: OutgoingResponse): Fields {
  const textsOf = (value: FieldValue) => typeof value === "object" ? value : [`${value}`];
  return {
    find(name) {
      const value = outgoing.getHeader(name);
      return value === undefined ? undefined : textsOf(value).join(", ");
    },
    *list() {
      for (const [name, value = []] of Object.entries(outgoing.getHeaders())) {
        for (const text of textsOf(value)) yield [name, text];
      }
    },
  };
}

/**
 * Reads the fields of a response whose head was sent.
 *
 * @param outgoing The response.
 * @param head The arguments of its `writeHead`. Node keeps fields that stand there only when others were
 * set before.
 * @returns The fields.
 */
export function findSent(outgoing: OutgoingResponse, head: readonly unknown[]): Fields {
  const kept = fieldsOf(outgoing);
  const given = (): [name: string, value: string][] => {
    // An object, pairs, or names and values in turn.
    const fields = head.find((argument) => typeof argument === "object") ?? {};
    const flat = Array.isArray(fields) ? fields.flat() : Object.entries(fields).flat();
    return flat.flatMap((name, i) => i % 2 === 0 ? [[String(name), String(flat[i + 1])]] : []);
  };
  return {
    find: (name) => kept.find(name) ?? given().find(([other]) => other.toLowerCase() === name)?.[1],
    list: () => [...kept.list(), ...given().filter(([name]) => kept.find(name) === undefined)],
  };
}

/**
 * Sets status and fields as `writeHead` would, and sends nothing.
 *
 * @param outgoing The response; changed.
 * @param status The status.
 * @param rest A reason phrase, fields, both or neither.
 */
export function setHead(outgoing: OutgoingResponse, status: number, rest: unknown[]): void {
  outgoing.statusCode = status;
  const [first] = rest;
  if (typeof first === "string") outgoing.statusMessage = first;
  const fields = typeof first === "object" ? first : rest[1];
  if (typeof fields !== "object" || fields === null) return;
  if (Array.isArray(fields)) setList(outgoing, fields);
  else for (const [name, value] of Object.entries(fields)) setField(outgoing, name, value);
}

function setField(outgoing: OutgoingResponse, name: string, value: unknown): void {
  if (value !== undefined) {
    outgoing.setHeader(name, Array.isArray(value) ? value.map(String) : `${value}`);
  }
}

/** Sets fields that come as pairs, or as names and values in turn; a name may come twice. */
function setList(outgoing: OutgoingResponse, fields: readonly unknown[]): void {
  const flat = fields.flat();
  const byName = new Map<string, unknown[]>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    if (flat[i + 1] === undefined) continue;
    const name = String(flat[i]).toLowerCase();
    const values = [...byName.get(name) ?? [], ...[flat[i + 1]].flat()];
    byName.set(name, values);
    setField(outgoing, String(flat[i]), values.length === 1 ? values[0] : values);
  }
}

/**
 * Copies to a response the status and the fields that differ between two web-standard ones.
 *
 * @param outgoing The response; changed.
 * @param before The head that was written to it.
 * @param response The head to send.
 */
export function mergeHead(
  outgoing: OutgoingResponse,
  before: { readonly status: number; readonly headers: Headers },
  { status, headers }: Response,
): void {
  if (before.status !== status) {
    outgoing.statusCode = status;
    outgoing.statusMessage = "";
  }
  for (const [name, value] of headers) {
    const isChanged = name !== "set-cookie" && before.headers.get(name) !== value;
    if (isChanged) outgoing.setHeader(name, value);
  }
  for (const [name] of before.headers) if (!headers.has(name)) outgoing.removeHeader(name);
}
