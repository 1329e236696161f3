/**
 * Dynamic client registration (RFC 7591), lenient towards the metadata that real clients send.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { isRecord } from "../options/check_option.ts";
import type { Provider } from "../provider/oidc_provider.ts";
import type { Payload, Store } from "../provider/store.ts";

const GRANT_TYPES = ["authorization_code", "refresh_token"];
const AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post"];

/**
 * Prepares the metadata of a registration request for oidc-provider: drops empty members and unknown
 * grant types, and derives `application_type` from the redirect URIs. It drops `scope` too, because
 * oidc-provider would refuse every later request for another scope, and so every step-up.
 *
 * @param body The parsed body.
 * @returns The metadata; `undefined` when the body is not a JSON object.
 */
export function prepareMetadata(body: unknown): Payload | undefined {
  if (!isRecord(body)) return undefined;
  const entries = Object.entries(body).filter(([name, value]) =>
    value !== null && value !== "" && !(Array.isArray(value) && value.length === 0) &&
    !["scope", "application_type", "response_types", "grant_types"].includes(name)
  );
  const metadata: Payload = Object.fromEntries(entries);
  const redirectUris = strings(metadata["redirect_uris"]);
  const method = metadata["token_endpoint_auth_method"];
  if (!AUTH_METHODS.includes(String(method))) metadata["token_endpoint_auth_method"] = "none";
  const grants = strings(body["grant_types"]).filter((type) => GRANT_TYPES.includes(type));
  return {
    ...metadata,
    grant_types: grants.includes("authorization_code") ? grants : GRANT_TYPES,
    response_types: ["code"],
    // Only native clients may use loopback redirect URIs with any port, and private schemes.
    application_type: redirectUris.every(isWeb) ? "web" : "native",
  };
}

function strings(value: unknown): string[] {
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
 * @param metadata The prepared metadata.
 * @returns The registration response.
 * @throws {Error} The metadata is not valid; the error has `error` and `error_description`.
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
