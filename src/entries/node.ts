/**
 * The gate alone, for a request as Node has it: for frameworks that hand `IncomingMessage` to a hook
 * of the user, such as FastMCP's `authenticate`.
 *
 * The framework answers in its own way, and a hook that sees no body sees no call, so that the option
 * `operations` has no effect there. Where you can, put {@linkcode PropelAuth.handler} in front instead.
 *
 * @example FastMCP's `authenticate`, which sends the response that it throws
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { authenticate, type IncomingFields } from "@x/propelauth-mcp/node";
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 * });
 * const hook = (request: IncomingFields) =>
 *   authenticate(auth, request, (caller) => ({ subject: caller.subject }));
 * // new FastMCP({ name: "mine", version: "1.0.0", authenticate: hook });
 * const request = { method: "POST", url: "/mcp", headers: {} };
 * const refusal = await hook(request).catch((thrown) => thrown);
 * assert.equal(refusal.status, 401);
 * ```
 *
 * @module
 */

import type { AccessToken } from "../oauth/access_token.ts";
import type { PropelAuth } from "../propel_auth.ts";
import { buildBadRequest, tryBuildRequest } from "./express/incoming.ts";
import type { IncomingFields } from "./express/incoming_request.ts";

export type { IncomingFields } from "./express/incoming_request.ts";

/**
 * Runs the gate on a request of Node's, and a function for a verified caller.
 *
 * Only that function runs as the caller, with {@linkcode PropelAuth.getAccessToken} and
 * {@linkcode PropelAuth.requireScopes} working: code that forgets `await` has a promise and no
 * token. The request's body is left alone.
 *
 * Where the framework has parsed the body, pass it on as `parsedBody`: the option `operations` then
 * judges its calls. The lists in the framework's answer are not filtered.
 *
 * @param auth The resource server.
 * @param request The request: an `IncomingMessage`.
 * @param admitted Receives the verified caller, and returns what the framework shall keep of it.
 * @param options `parsedBody`: the body as a JSON value. When it is `undefined`, or when nothing has
 * read the request's stream, a request whose fields announce a body is refused.
 * @returns The value that `admitted` returned.
 * @throws {Response} The refusal, with its status and challenge (RFC 6750 §3): send it as it is.
 */
export async function authenticate<T>(
  auth: PropelAuth,
  request: IncomingFields & { readonly readableDidRead?: boolean },
  admitted: (caller: AccessToken) => T | Promise<T>,
  options?: { readonly parsedBody: unknown },
): Promise<T> {
  const { method, url, rawHeaders = [], headers } = request;
  const leaveBody = (): void => {};
  const body = { on: leaveBody, resume: leaveBody, pause: leaveBody };
  const built = tryBuildRequest({ method, url, rawHeaders, headers, ...body });
  if (built === undefined) throw buildBadRequest();
  // Express 4's parsers leave an empty object for a body that they did not read.
  const isUnread = request.readableDidRead === false;
  let kept: { readonly value: T } | undefined;
  const response = await auth.authenticate(built.request, async (caller) => {
    kept = { value: await admitted(caller) };
    return new Response();
  }, isUnread && options !== undefined ? { parsedBody: undefined } : options);
  if (kept === undefined) throw response;
  return kept.value;
}
