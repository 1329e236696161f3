/**
 * The part of PropelAuth's backend API that makes, lists, changes, revokes and validates API keys.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { readBody } from "../http/body.ts";
import type { LocalApiKey } from "../options/api_key_options.ts";
import { isRecord } from "../options/check_option.ts";
import type { LocalUserWithId } from "../options/local_options.ts";
import { resolveApiKeyOptions } from "../options/resolve_api_key_options.ts";
import type { Payload } from "../provider/store.ts";
import type { ApiKeys } from "./api_keys.ts";
import { buildValidation } from "./validation.ts";

/** The path of the API keys in the backend API. */
export const API_KEYS_PATH = "/api/backend/v1/end_user_api_keys";

const MAX_BODY_BYTES = 64 * 1024;
const DEFAULT_PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 100;
const IN_THE_FUTURE = "Must be in the future";

/** The members of a request for a new key, by the option that each sets. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  subject: "user_id",
  orgId: "org_id",
  displayName: "display_name",
};

/** An answer: a JSON body, or plain text. */
interface BackendAnswer {
  readonly status: number;
  readonly body: Payload | string;
}

/** The parts that {@linkcode createBackendApi} puts together. */
interface BackendApiParts {
  readonly apiKeys: ApiKeys;
  readonly users: readonly LocalUserWithId[];
  readonly backendApiKey: string;
  /** The clock, in seconds since 1970. */
  readonly now: () => number;
}

/**
 * Creates the function that answers a request to a path that begins with {@linkcode API_KEYS_PATH}.
 *
 * @param parts Keys, users, credential and clock.
 * @returns A function from a request and its URL to the answer. It throws `BodyTooLongError`.
 */
export function createBackendApi({ apiKeys, users, backendApiKey, now }: BackendApiParts) {
  const isBackend = (authorization = ""): boolean =>
    timingSafeEqual(digest(authorization), digest(`Bearer ${backendApiKey}`));

  function validate(body: Payload): BackendAnswer {
    const { api_key_token: token } = body;
    if (typeof token !== "string") return refuse("api_key_token", "Must be a string");
    const apiKey = token.replace(/^bearer /i, "");
    const waitSeconds = apiKeys.secondsLimited(apiKey);
    if (waitSeconds > 0) return limitOfKey(waitSeconds);
    const key = apiKeys.find(apiKey);
    const validation = key && buildValidation(key, users);
    if (validation === undefined) return refuse("api_key_token", "Invalid API Key");
    return { status: 200, body: validation };
  }

  function create(body: Payload): BackendAnswer {
    const end = body["expires_at_seconds"] ?? undefined;
    if (end !== undefined && !(typeof end === "number" && Number.isInteger(end))) {
      return refuse("expires_at_seconds", "Must be a whole number");
    }
    if (end !== undefined && end <= now()) return refuse("expires_at_seconds", IN_THE_FUTURE);
    const given = {
      subject: body["user_id"] ?? undefined,
      orgId: body["org_id"] ?? undefined,
      metadata: body["metadata"] ?? undefined,
      displayName: body["display_name"] ?? undefined,
      expiresInSeconds: end === undefined ? undefined : end - now(),
    };
    try {
      const { id, apiKey } = apiKeys.create(resolveApiKeyOptions(given, users));
      return { status: 200, body: { api_key_id: id, api_key_token: apiKey } };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const option = /: (\w+) must be/.exec(message)?.[1] ?? "body";
      const member = WIRE_NAMES[option] ?? option;
      return refuse(member, message.replace(`: ${option} must be`, `: ${member} must be`));
    }
  }

  function list(query: URLSearchParams): BackendAnswer {
    const user = users.find(({ email }) => email === query.get("user_email"));
    const wanted = { orgId: query.get("org_id"), userId: query.get("user_id") ?? user?.id };
    const found = apiKeys.list().filter((key) =>
      key.orgId === (wanted.orgId ?? key.orgId) && key.userId === (wanted.userId ?? key.userId) &&
      (user !== undefined || !query.has("user_email"))
    );
    const size = wholeNumber(query.get("page_size"), DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE);
    const page = wholeNumber(query.get("page_number"), 0, 0, Number.MAX_SAFE_INTEGER);
    return {
      status: 200,
      body: {
        api_keys: found.slice(page * size, (page + 1) * size).map(describeKey),
        total_api_keys: found.length,
        current_page: page,
        page_size: size,
        has_more_results: (page + 1) * size < found.length,
      },
    };
  }

  function update(id: string, body: Payload): BackendAnswer {
    const { expires_at_seconds: end, set_to_never_expire: never, metadata } = body;
    if (typeof end === "number" && !(end > now())) {
      return refuse("expires_at_seconds", IN_THE_FUTURE);
    }
    apiKeys.update(id, {
      ...(typeof end === "number" && { expiresAt: end }),
      ...(never === true && { expiresAt: null }),
      ...(isRecord(metadata) && { metadata }),
    });
    return { status: 200, body: {} };
  }

  return async (request: IncomingMessage, url: URL): Promise<BackendAnswer> => {
    const text = await readBody(request, MAX_BODY_BYTES);
    if (!isBackend(request.headers.authorization)) return { status: 401, body: {} };
    if (apiKeys.secondsLimited() > 0) return { status: 429, body: "Too many requests" };
    const id = url.pathname.slice(API_KEYS_PATH.length + 1);
    if (request.method === "GET" && id === "") return list(url.searchParams);
    const body = parse(text);
    if (request.method === "POST") {
      if (body === undefined) return refuse("body", "Must be a JSON object");
      if (id === "") return create(body);
      if (id === "validate") return validate(body);
    }
    const key = apiKeys.findById(id);
    if (key !== undefined) {
      if (request.method === "GET") return { status: 200, body: describeKey(key) };
      if (request.method === "PATCH" && body !== undefined) return update(key.id, body);
      if (request.method === "DELETE" && apiKeys.revoke(key.id)) return { status: 200, body: {} };
    }
    return { status: 404, body: {} };
  };
}

/** PropelAuth's packages parse the body of a 400: a list of sentences for each member. */
function refuse(member: string, sentence: string): BackendAnswer {
  return { status: 400, body: { [member]: [sentence] } };
}

function limitOfKey(waitSeconds: number): BackendAnswer {
  const sentence = `Too many requests. Try again in ${waitSeconds} seconds.`;
  const body = {
    wait_seconds: waitSeconds,
    user_facing_error: sentence,
    error_code: "rate_limit_exceeded",
  };
  return { status: 429, body };
}

function describeKey(key: LocalApiKey): Payload {
  return {
    api_key_id: key.id,
    created_at: key.createdAt,
    expires_at_seconds: key.expiresAt ?? null,
    metadata: key.metadata ?? null,
    user_id: key.userId ?? null,
    org_id: key.orgId ?? null,
    display_name: key.displayName ?? null,
  };
}

function wholeNumber(text: string | null, fallback: number, min: number, max: number): number {
  const number = Number(text ?? fallback);
  return Number.isInteger(number) ? Math.min(Math.max(number, min), max) : fallback;
}

function parse(text: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const digest = (text: string) => createHash("sha256").update(text).digest();
