/**
 * PropelAuth's endpoint that validates API keys of end users. Pure: no clock, no network.
 *
 * @module
 */

import { discard, readText } from "../../lib/body.ts";
import { isObject, parseJson } from "../../lib/json.ts";
import type { ApiKeyKind } from "../../oauth/api_key.ts";
import { IntrospectionError } from "../../oauth/errors.ts";
import {
  MAX_RESPONSE_BYTES,
  MAX_RETRY_AFTER_SECONDS,
  parseRetryAfter,
  readAnswer,
} from "../../oauth/introspection.ts";
import type { CredentialSource } from "../../verification/credential_source.ts";
import { readKeyFacts } from "./key_facts.ts";

/** The path of the endpoint under the Auth URL. */
const VALIDATE_PATH = "/api/backend/v1/end_user_api_keys/validate";

interface KeySourceOptions {
  readonly authUrl: string;
  readonly backendApiKey: string;
  /** The kinds of keys that are let in. */
  readonly kinds: ReadonlySet<ApiKeyKind>;
}

/** Creates the source of API keys; its facts have no scopes yet. */
export function createKeySource(options: KeySourceOptions): CredentialSource {
  const { authUrl, backendApiKey, kinds } = options;
  return {
    credential: "api_key",
    endpoint: `${authUrl}${VALIDATE_PATH}`,
    secrets: [backendApiKey],
    buildRequest: (key) => buildValidationRequest(backendApiKey, key),
    async processResponse(response, now, digest) {
      // RFC 9110 §15.5.1 would blame the request; here it says that the key is not valid.
      if (response.status === 400 && !response.redirected) {
        discard(response);
        return { active: false };
      }
      if (response.status === 429) throw await limitOf(response, now);
      return readKeyFacts(await readAnswer(response, now), digest, kinds);
    },
  };
}

/**
 * Builds the request that validates a key, as arguments for `fetch`. Redirects are not followed: the
 * key and ours go to this endpoint and nowhere else.
 *
 * @param backendApiKey The key of this server.
 * @param key The key that a client sent.
 * @returns The second argument of `fetch`.
 */
function buildValidationRequest(backendApiKey: string, key: string): RequestInit {
  return {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${backendApiKey}`,
      "Accept": "application/json",
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ api_key_token: key }),
    redirect: "manual",
  };
}

/** Tells a limit on one key, which holds up no other key, from the limit of PropelAuth's API. */
async function limitOf(response: Response, now: number): Promise<IntrospectionError> {
  const { status, headers } = response;
  const text = await readText(response, MAX_RESPONSE_BYTES);
  const body = text === undefined ? undefined : parseJson(text);
  const ofKey = isObject(body) && ("error_code" in body || "wait_seconds" in body);
  const wait = ofKey ? body["wait_seconds"] : undefined;
  const retryAfterSeconds = typeof wait === "number" && wait >= 0
    ? Math.min(wait, MAX_RETRY_AFTER_SECONDS)
    : parseRetryAfter(headers, now);
  return new IntrospectionError(ofKey ? "api_key_rate_limited" : "unavailable", {
    status,
    retryAfterSeconds,
  });
}
