/**
 * The tools that every step uses, and the requests to a running MCP server.
 *
 * @module
 */

import { buildResourceMetadataUrl } from "../../../oauth/protected_resource.ts";
import { ask, isReply, type Network, type Question, type Reply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import type { Recorder } from "../recorder.ts";
import type { CheckId, Outcome } from "../report.ts";
import type { Settings } from "../settings.ts";

/** The settings, the network and the report of one diagnosis. */
export interface Tools extends Network {
  readonly settings: Settings;
  readonly recorder: Recorder;
  /** The way to PropelAuth, which may have a `fetch` of its own. */
  readonly toPropelAuth: Network;
}

/** The remedy when no server answers. */
export const SERVER_ADVICE = "Start the server, or give the doctor the URL that clients use.";

/** A client's first call, in the form that servers of every protocol version know. */
export const FIRST_CALL: Readonly<
  { method: string; headers: Record<string, string>; body: string }
> = {
  method: "POST",
  headers: {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "propelauth-mcp-doctor", version: "1.0.0" },
    },
  }),
};

/**
 * Builds the two URLs at which clients look for the metadata when no challenge names one.
 *
 * @param serverUrl The MCP endpoint.
 * @returns The URL with the path inserted, and the one at the root (RFC 9728 §3.1).
 */
export function metadataPlaces(serverUrl: URL): [inserted: string, root: string] {
  return [buildResourceMetadataUrl(serverUrl.href), buildResourceMetadataUrl(serverUrl.origin)];
}

/**
 * Makes one check out of one request to the server; a request without a reply is a failed check.
 *
 * @param tools The network and the report.
 * @param id The check.
 * @param url The address.
 * @param question The request.
 * @param judge Judges the reply.
 */
export async function examine(
  tools: Tools,
  id: CheckId,
  url: string,
  question: Question,
  judge: (reply: Reply) => Outcome | Promise<Outcome>,
): Promise<void> {
  const { recorder } = tools;
  recorder.start(id);
  const reply = await ask(tools, url, question);
  recorder.record(id, isReply(reply) ? await judge(reply) : judgeFault(reply, SERVER_ADVICE));
}
