/**
 * How callers with an API key are answered where that differs from a token. Pure: no clock, no network.
 *
 * @module
 */

import type { KeyAnswers } from "../../oauth/api_key.ts";
import { AccessTokenError, ownRefusals } from "../../oauth/errors.ts";

const SCOPE_MISSING = "The API key lacks a scope that this operation needs";

/**
 * The answers of every key.
 *
 * A client with a fixed header cannot ask for scopes, so no answer has a challenge: that would have
 * mcp-remote start a login, whose token the header then overwrites, and the call hangs. The scopes are
 * in the body instead: clients show it, and its reader can give the key the scopes.
 */
export const KEY_ANSWERS: KeyAnswers = {
  scopeMissing(scopes) {
    const scope = scopes.join(" ");
    const description = `${SCOPE_MISSING}: ${scope}`;
    const reason = "api_key_scope_missing";
    const message = `The access token was refused: ${reason}. ${description}`;
    const error = new AccessTokenError(reason, scopes, message);
    ownRefusals.set(error, {
      status: 403,
      error: "insufficient_scope",
      description,
      scope,
      hasNoChallenge: true,
    });
    return error;
  },
  /** The challenge may be one of the MCP server, such as that of SDK v2's `scopeChallenge`. */
  finish(response) {
    if (response.status !== 403 || !response.headers.has("WWW-Authenticate")) return response;
    const copy = new Response(response.body, response);
    copy.headers.delete("WWW-Authenticate");
    return copy;
  },
};
