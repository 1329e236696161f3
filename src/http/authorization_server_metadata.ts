/**
 * PropelAuth's authorization server metadata (RFC 8414), forwarded for clients of the 2025-03-26
 * protocol, which look for it on the MCP server's own origin.
 *
 * @module
 */

import { discard, readText } from "../lib/body.ts";
import { DeadlineError, withDeadline, type World } from "../lib/world.ts";
import { type Emit, showForeign } from "../events/events.ts";
import { isObject, parseJson } from "../lib/json.ts";

const FRESH_SECONDS = 300;
/** After a failure nobody asks again for so long: anyone can call this, without a token. */
const COOLDOWN_SECONDS = 5;
const MAX_METADATA_BYTES = 64 * 1024;

/** What a forwarder is made of. */
export interface AuthorizationServerMetadataOptions {
  readonly authorizationServerMetadataUrl: string;
  readonly timeoutSeconds: number;
}

/**
 * Creates a function that gives the document as PropelAuth serves it, byte for byte.
 *
 * Cached for five minutes; however many wait, it is fetched once. Sends no credentials.
 *
 * @param options Where the document is, and how long one fetch may take.
 * @param world The clock and the network.
 * @param emit Is told when it cannot be had, and why.
 * @returns A function that gives the document's text, or `undefined` when it cannot be had. It
 * never throws, and never says why: what went wrong upstream is not the client's to know.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414.html#section-3.2 | RFC 8414 §3.2}
 */
export function createAuthorizationServerMetadata(
  options: AuthorizationServerMetadataOptions,
  world: World,
  emit: Emit,
): () => Promise<string | undefined> {
  let known: { document: string | undefined; since: number } | undefined;
  let flight: Promise<string | undefined> | undefined;

  /** The document, or why there is none. */
  async function fetchDocument(): Promise<string | { status?: number; detail?: string }> {
    try {
      return await withDeadline(world, options.timeoutSeconds, async (signal) => {
        const response = await world.fetch(options.authorizationServerMetadataUrl, {
          headers: { "Accept": "application/json" },
          redirect: "manual",
          signal,
        });
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
    flight = undefined;
    return document;
  }

  return async () => {
    if (known !== undefined) {
      const life = known.document === undefined ? COOLDOWN_SECONDS : FRESH_SECONDS;
      // A clock may jump back.
      if (Math.abs(world.now() - known.since) < life) return known.document;
    }
    return await (flight ??= refresh());
  };
}
