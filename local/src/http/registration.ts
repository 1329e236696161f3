/**
 * Dynamic client registration as real clients do it (RFC 7591).
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { Provider } from "../provider/oidc_provider.ts";
import type { Payload, Store } from "../provider/store.ts";

const GRANT_TYPES = ["authorization_code", "refresh_token"];
const AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post"];

/**
 * Tidies what a client wants to register with: empty members go, unknown grants go, and the kind
 * of application follows from the redirect URIs.
 *
 * The `scope` goes too: it would cap what the client may ever ask for, and so forbid a step-up.
 *
 * @param asked The parsed body.
 * @returns Metadata for the provider, or `undefined` when the body is no JSON object.
 */
export function tidyRegistration(asked: unknown): Payload | undefined {
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) return undefined;
  const entries = Object.entries(asked).filter(([name, value]) =>
    value !== null && value !== "" && !(Array.isArray(value) && value.length === 0) &&
    !["scope", "application_type", "response_types", "grant_types"].includes(name)
  );
  const metadata: Payload = Object.fromEntries(entries);
  const redirectUris = list(metadata["redirect_uris"]);
  const method = metadata["token_endpoint_auth_method"];
  if (!AUTH_METHODS.includes(String(method))) metadata["token_endpoint_auth_method"] = "none";
  const grants = list(Reflect.get(asked, "grant_types")).filter((one) => GRANT_TYPES.includes(one));
  return {
    ...metadata,
    grant_types: grants.includes("authorization_code") ? grants : GRANT_TYPES,
    response_types: ["code"],
    // Native clients may use loopback with any port, and schemes of their own.
    application_type: redirectUris.every(isWeb) ? "web" : "native",
  };
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isWeb(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === "https:" && hostname !== "localhost";
}

/**
 * Registers a client.
 *
 * @param provider Checks the metadata.
 * @param store Keeps the client.
 * @param metadata Tidied metadata.
 * @returns The registration response.
 * @throws {Error} The metadata is not valid; `error` and `error_description` say why.
 */
export function registerClient(provider: Provider, store: Store, metadata: Payload): Payload {
  const client_id = randomBytes(16).toString("base64url");
  const secret = metadata["token_endpoint_auth_method"] === "none"
    ? {}
    : { client_secret: randomBytes(32).toString("base64url"), client_secret_expires_at: 0 };
  const client = new provider.Client({ ...metadata, client_id, ...secret }).metadata();
  const registered = { ...client, client_id_issued_at: Math.floor(Date.now() / 1000) };
  store.upsert("Client", client_id, registered);
  return registered;
}
