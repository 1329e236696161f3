/**
 * The header fields of Node's request.
 *
 * @module
 */

import type { IncomingFields } from "./incoming_request.ts";
import type { Fields } from "./light_headers.ts";

const HTTP_SPACE = "\t\n\r ";

/**
 * Reads the fields of a request as they were received: Node drops all but the first `Authorization` of
 * two, and two have to be refused. A field that only `headers` has counts too: behind `serverless-http`
 * there are no others, and middleware may have added one.
 *
 * @param incoming The request.
 * @returns Its fields. HTTP/2's `:authority` is `Host`; other pseudo-fields are left out.
 */
export function fieldsOf({ rawHeaders = [], headers }: IncomingFields): Fields {
  return {
    find(name) {
      const found = findRaw(rawHeaders, name);
      return found ?? findNamed(headers, name);
    },
    *list() {
      const raw = new Set<string>();
      for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
        const name = nameOf(rawHeaders[i]);
        raw.add(name);
        if (!name.startsWith(":")) yield [name, String(rawHeaders[i + 1])];
      }
      for (const [name, value = []] of Object.entries(headers)) {
        if (name.startsWith(":") || raw.has(name.toLowerCase())) continue;
        for (const single of [value].flat()) yield [name, String(single)];
      }
    },
  };
}

function nameOf(raw: unknown): string {
  const name = String(raw).toLowerCase();
  return name === ":authority" ? "host" : name;
}

function findRaw(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const raw = String(rawHeaders[i]);
    // Most names differ in their length: that is looked at first, since no copy is made for it.
    const mayMatch = raw.length === name.length || raw.startsWith(":");
    if (mayMatch && nameOf(raw) === name) found = join(found, String(rawHeaders[i + 1]));
  }
  return found;
}

function findNamed(headers: IncomingFields["headers"], name: string): string | undefined {
  let found: string | undefined;
  for (const key in headers) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    for (const single of [headers[key] ?? []].flat()) found = join(found, String(single));
  }
  return found;
}

function join(earlier: string | undefined, value: string): string {
  const trimmed = trimHttpSpace(value);
  return earlier === undefined ? trimmed : `${earlier}, ${trimmed}`;
}

/**
 * Trims a value as `Headers` does (Fetch §2.2.2, normalize), and as the next handler may: both have to
 * find the same session id in it.
 */
function trimHttpSpace(value: string): string {
  const isSpace = (at: number) => HTTP_SPACE.includes(value.charAt(at));
  let [start, end] = [0, value.length];
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return value.slice(start, end);
}
