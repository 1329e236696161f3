/**
 * PropelAuth's authorization server metadata (RFC 8414), forwarded for clients of the 2025-03-26
 * protocol, which look for it on the MCP server's own origin.
 *
 * @module
 */

import { discard, readText } from "../lib/body.ts";
import { createSharedWork } from "../lib/shared_work.ts";
import { DeadlineError, withDeadline, type World } from "../lib/world.ts";
import { type Emit, showForeign } from "../events/events.ts";
import { isObject, parseJson } from "../lib/json.ts";

const FRESH_SECONDS = 300;
/** Seconds without a fetch after a failed one, since anyone can ask for the document without a token. */
const COOLDOWN_SECONDS = 5;
const MAX_METADATA_BYTES = 64 * 1024;

/** Where the document is, and how long one fetch may take. */
interface AuthorizationServerMetadataOptions {
  readonly authorizationServerMetadataUrl: string;
  readonly timeoutSeconds: number;
}

/**
 * Creates a function that gives the document as PropelAuth serves it, byte for byte.
 *
 * Cached for five minutes; however many requests wait for it, one fetches it. Sends no credentials.
 *
 * @param options Where the document is, and how long one fetch may take.
 * @param world The clock and the network.
 * @param emit Reports why the document cannot be had.
 * @returns A function that gives the document's text, or `undefined` when it cannot be had. It
 * never throws, and never gives the reason: the client need not know what went wrong upstream.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414.html#section-3.2 | RFC 8414 §3.2}
 */
export function createAuthorizationServerMetadata(
  options: AuthorizationServerMetadataOptions,
  world: World,
  emit: Emit,
): () => Promise<string | undefined> {
  const { authorizationServerMetadataUrl: url, timeoutSeconds } = options;
  const fetches = createSharedWork<string | undefined>(world);
  let known: { document: string | undefined; since: number } | undefined;

  /** The document, or the members of the event when it cannot be had. */
  async function fetchDocument(): Promise<string | { status?: number; detail?: string }> {
    try {
      return await withDeadline(world, timeoutSeconds, async (signal) => {
        const headers = { "Accept": "application/json" };
        const response = await world.fetch(url, { headers, redirect: "manual", signal });
        if (response.status !== 200) {
          discard(response);
          return { status: response.status };
        }
        const text = await readText(response, MAX_METADATA_BYTES);
        return text !== undefined && isObject(parseJson(text))
          ? text
          : { detail: "no JSON object of up to 64 KiB" };
      });
    } catch (error) {
      if (error instanceof DeadlineError) return { detail: "no answer in time" };
      return { detail: error instanceof Error ? showForeign(error.message) : "no answer" };
    }
  }

  async function refresh(): Promise<string | undefined> {
    const fetched = await fetchDocument();
    const document = typeof fetched === "string" ? fetched : undefined;
    if (typeof fetched !== "string") emit?.({ code: "metadata_unavailable", ...fetched });
    known = { document, since: world.now() };
    return document;
  }

  return async () => {
    if (known !== undefined) {
      const life = known.document === undefined ? COOLDOWN_SECONDS : FRESH_SECONDS;
      // A clock may jump back.
      if (Math.abs(world.now() - known.since) < life) return known.document;
    }
    return (await fetches.join(url, refresh)).value;
  };
}
