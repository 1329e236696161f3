/**
 * Dynamic client registration (RFC 7591), lenient towards the metadata that real clients send.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isRecord } from "../options/check_option.ts";
import type { Provider } from "../provider/import_oidc_provider.ts";
import type { Payload, Store } from "../provider/store.ts";
import { BodyTooLongError, readBody } from "./body.ts";

const GRANT_TYPES = ["authorization_code", "refresh_token"];
const AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post"];
/** Real clients send less than 2 KiB. */
const MAX_BODY_BYTES = 16 * 1024;
/** Length of a member of the metadata as JSON. */
const MAX_MEMBER_LENGTH = 4096;
const MAX_CLIENTS = 500;

/** The response to a registration request. */
interface RegistrationResponse {
  readonly status: number;
  readonly body: Payload;
}

/**
 * Creates the registration endpoint.
 *
 * @param provider Checks the metadata.
 * @param store Keeps at most 500 clients; the least recently used one without live tokens makes
 * room for a new one.
 * @returns A function from a request to its response.
 */
export function createRegistration(provider: Provider, store: Store) {
  return async (request: IncomingMessage): Promise<RegistrationResponse> => {
    try {
      const body = parseJson(await readBody(request, MAX_BODY_BYTES));
      if (!isRecord(body)) return refuse(400, INVALID_METADATA, "the body must be a JSON object");
      const metadata = prepareMetadata(body);
      const long = Object.keys(metadata).find((name) => isTooLong(metadata[name]));
      if (long !== undefined) {
        const description = `${long} must be at most ${MAX_MEMBER_LENGTH} characters of JSON`;
        return refuse(400, INVALID_METADATA, description);
      }
      const client = completeMetadata(provider, metadata);
      if (!makeRoom(store)) {
        const description = `all ${MAX_CLIENTS} registered clients have live tokens`;
        return refuse(503, "temporarily_unavailable", description);
      }
      store.upsert("Client", String(client["client_id"]), client);
      return { status: 201, body: client };
    } catch (error) {
      if (error instanceof BodyTooLongError) return refuse(413, INVALID_METADATA, error.message);
      const { error: code, error_description: description }: Payload = Object(error);
      if (typeof code !== "string") throw error;
      return refuse(400, code, String(description));
    }
  };
}

const INVALID_METADATA = "invalid_client_metadata";

function refuse(status: number, error: string, description: string): RegistrationResponse {
  return { status, body: { error, error_description: description } };
}

/**
 * Drops empty members and unknown grant types, and derives `application_type` from the redirect
 * URIs. Drops `scope` too, because oidc-provider would refuse every later request for another scope,
 * and so every step-up.
 */
function prepareMetadata(body: Payload): Payload {
  const entries = Object.entries(body).filter(([name, value]) =>
    value !== null && value !== "" && !(Array.isArray(value) && value.length === 0) &&
    !["scope", "application_type", "response_types", "grant_types"].includes(name)
  );
  const metadata: Payload = Object.fromEntries(entries);
  const redirectUris = strings(metadata["redirect_uris"]);
  const method = metadata["token_endpoint_auth_method"];
  if (!AUTH_METHODS.some((known) => known === method)) {
    metadata["token_endpoint_auth_method"] = "none";
  }
  const grants = strings(body["grant_types"]).filter((type) => GRANT_TYPES.includes(type));
  return {
    ...metadata,
    grant_types: grants.includes("authorization_code") ? grants : GRANT_TYPES,
    response_types: ["code"],
    // Only native clients may use loopback redirect URIs with any port, and private schemes.
    application_type: redirectUris.every(isWeb) ? "web" : "native",
  };
}

/** Adds an id, a secret and defaults; oidc-provider throws when the metadata is not valid. */
function completeMetadata(provider: Provider, metadata: Payload): Payload {
  const client_id = randomBytes(16).toString("base64url");
  const secret = metadata["token_endpoint_auth_method"] === "none"
    ? {}
    : { client_secret: randomBytes(32).toString("base64url"), client_secret_expires_at: 0 };
  const client = new provider.Client({ ...metadata, client_id, ...secret }).metadata();
  return { ...client, client_id_issued_at: Math.floor(Date.now() / 1000) };
}

/** Whether there is room for one more client, after an unused one was dropped where needed. */
function makeRoom(store: Store): boolean {
  const clients = store.ids("Client");
  if (clients.length < MAX_CLIENTS) return true;
  const holders = new Set(
    ["AccessToken", "RefreshToken"].flatMap((kind) => store.values(kind, "clientId")),
  );
  const unused = clients.find((id) => !holders.has(id));
  if (unused === undefined) return false;
  store.destroy("Client", unused);
  store.destroyBy(["AuthorizationCode", "Consent", "Grant"], "clientId", unused);
  return true;
}

function isTooLong(member: unknown): boolean {
  return JSON.stringify(member).length > MAX_MEMBER_LENGTH;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((member) => typeof member === "string") : [];
}

function isWeb(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === "https:" && hostname !== "localhost";
}
