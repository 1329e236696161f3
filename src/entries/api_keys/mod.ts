/**
 * API keys of PropelAuth's end users beside access tokens, for callers that cannot log in: build
 * servers, cron jobs, headless agents.
 *
 * @example A build server calls with its organization's key
 * ```ts
 * import assert from "node:assert/strict";
 * import { apiKeys } from "@x/propelauth-mcp/api-keys";
 * import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
 *
 * const propelAuth = createTestPropelAuth({ apiKeys: apiKeys({ scopes: ["builds:read"] }) });
 * const auth = propelAuth.createPropelAuth();
 * const key = propelAuth.apiKey({ kind: "organization", orgId: "acme" });
 *
 * const caller = await auth.verifier.verifyAccessToken(key);
 * assert.equal(caller.credential, "api_key");
 * assert.equal(caller.orgId, "acme");
 * assert.deepEqual(caller.scopes, ["builds:read"]);
 * ```
 *
 * @module
 */

import { refuseAs } from "../../lib/broken_rule.ts";
import {
  type ApiKeys,
  type Asking,
  hideSource,
  type SourceParts,
} from "../../verification/credential_source.ts";
import { askInOrder } from "./ask_in_order.ts";
import { addScopes, createFactsFormat } from "./key_facts.ts";
import { createKeySource } from "./key_source.ts";
import { holdUpLimited } from "./limited_keys.ts";
import { messageOfKeyEvent } from "./messages.ts";
import {
  type ApiKeysOptions,
  BACKEND_API_KEY_VARIABLE,
  requireBackendApiKey,
  resolveApiKeys,
  type ResolvedApiKeys,
} from "./options.ts";

export type { ApiKeyKind, VerifiedApiKey } from "../../oauth/api_key.ts";
export type { ApiKeys } from "../../verification/credential_source.ts";
export type { ApiKeysOptions } from "./options.ts";

/**
 * Lets API keys in: the value of the option `apiKeys` of `createPropelAuth`.
 *
 * Every request may carry a key in place of an access token, as `Authorization: Bearer <key>`.
 * PropelAuth says whether the key is valid, the options say what it may do. It has no audience: it is
 * good at every server of the environment that lets keys in.
 *
 * Without `isApiKey` PropelAuth is asked about an unknown credential as an access token first, and
 * when it is not one, as a key. Both answers are kept as those about tokens are.
 *
 * @param options What keys may do, and which of them are let in.
 * @returns The value of the option; it shows none of `options`.
 * @throws {TypeError} An option is unknown or breaks its rule; the message names both.
 */
export function apiKeys(options: ApiKeysOptions = {}): ApiKeys {
  return hide(refuseAs(ACTION, () => resolveApiKeys(options)));
}

const ACTION = "Cannot create PropelAuth";

/** `settings`: the variable that gave the backend API key, which errors then name. */
function hide(options: ResolvedApiKeys, settings: Record<string, string> = {}): ApiKeys {
  const { backendApiKey } = options;
  const { option, variable } = BACKEND_API_KEY_VARIABLE;
  return hideSource({
    missing: backendApiKey === undefined ? [BACKEND_API_KEY_VARIABLE] : [],
    messageOf: messageOfKeyEvent,
    withValues: (values) =>
      backendApiKey === undefined
        ? hide({ ...options, backendApiKey: values[option] }, { [option]: variable })
        : hide(options, settings),
    requireBackendApiKey: () => requireBackendApiKey(backendApiKey),
    connect(parts) {
      const checked = refuseAs(ACTION, () => requireBackendApiKey(backendApiKey), settings);
      return connect(options, checked, parts);
    },
  });
}

function connect(options: ResolvedApiKeys, backendApiKey: string, parts: SourceParts): Asking {
  const { grantScopes, isApiKey } = options;
  const { authUrl, askIntrospection, world, timeoutSeconds } = parts;
  const source = createKeySource({ ...options, backendApiKey, authUrl });
  const ask = holdUpLimited(parts.createAsk(source), world);
  const asking = askInOrder({
    askIntrospection,
    // Outside of the question: an error of the user's function says nothing about PropelAuth.
    async askApiKeys(key, digest) {
      const answer = await ask(key, digest);
      return { ...answer, facts: addScopes(answer.facts, grantScopes) };
    },
    isApiKey,
    world,
    timeoutSeconds,
  });
  return { ...asking, factsFormat: createFactsFormat(options) };
}
