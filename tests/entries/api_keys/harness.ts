/**
 * A PropelAuth with both endpoints: a test says how each answers, and reads in what order they were
 * asked.
 *
 * @module
 */
import type { PropelAuth, PropelAuthEvent, PropelAuthOptions } from "@x/propelauth-mcp";
import { apiKeys, type ApiKeysOptions } from "@x/propelauth-mcp/api-keys";
import { composePropelAuth } from "../../../src/create_propel_auth.ts";
import { createFakeWorld, type FakeWorld, json, OPTIONS } from "../../support/harness.ts";

export const BACKEND_KEY = "backend-api-key-secret";
export const VALIDATE_URL = "https://auth.example.com/api/backend/v1/end_user_api_keys/validate";

/** PropelAuth's answer about a user's key. */
export const PERSONAL = {
  metadata: { purpose: "ci" },
  user: {
    user_id: "user-1",
    email: "ada@example.com",
    username: "ada",
    enabled: true,
    locked: false,
  },
};

/** PropelAuth's answer about an organization's key. */
export const ORGANIZATION = {
  metadata: null,
  user: PERSONAL.user,
  org: { org_id: "acme", name: "Acme" },
  user_in_org: {
    org_id: "acme",
    org_name: "Acme",
    user_role: "Admin",
    inherited_user_roles_plus_current_role: ["Admin", "Member"],
    user_permissions: ["builds::read"],
  },
};

/** Answers a question; a promise that never settles stands for an endpoint that does not answer. */
type Answer = (credential: string, init: RequestInit) => Response | Promise<Response>;

export const invalid = (): Response => new Response("{}", { status: 400 });
export const inactive = (): Response => json({ active: false });

export interface KeyHarness {
  readonly auth: PropelAuth;
  readonly world: FakeWorld;
  readonly events: PropelAuthEvent[];
  /** Each question, as `token <credential>` or `key <credential>`. */
  readonly asked: string[];
  /** The answers of the introspection endpoint. */
  token: Answer;
  /** The answers of the endpoint for API keys. */
  key: Answer;
  /** Another server with the same PropelAuth. */
  create(options: Partial<PropelAuthOptions>): PropelAuth;
}

export function createKeyHarness(
  keyOptions: ApiKeysOptions = {},
  options: Partial<PropelAuthOptions> = {},
): KeyHarness {
  const events: PropelAuthEvent[] = [];
  const asked: string[] = [];
  const world = createFakeWorld((url, init) => {
    const body = String(init.body);
    const isKey = url === VALIDATE_URL;
    const credential = isKey
      ? String(JSON.parse(body).api_key_token)
      : new URLSearchParams(body).get("token") ?? "";
    asked.push(`${isKey ? "key" : "token"} ${credential}`);
    return Promise.resolve().then(() => harness[isKey ? "key" : "token"](credential, init));
  });
  const create = (more: Partial<PropelAuthOptions>): PropelAuth =>
    composePropelAuth({
      ...OPTIONS,
      apiKeys: apiKeys({ backendApiKey: BACKEND_KEY, ...keyOptions }),
      onEvent: (event) => events.push(event),
      ...options,
      ...more,
    }, world);
  const harness: KeyHarness = {
    auth: create({}),
    world,
    events,
    asked,
    token: inactive,
    key: (credential) => credential.startsWith("key") ? json(PERSONAL) : invalid(),
    create,
  };
  return harness;
}
