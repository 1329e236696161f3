/**
 * A double of the two routes of PropelAuth's backend API that its SDK requests, on loopback. The SDK has
 * the address of the real API built in; `redirect_backend.ts` redirects its requests to the double.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { listen } from "../support/node_server.ts";

export const API_KEY = "api-key-of-the-backend";

/** A user as the backend API returns it. */
const USER = {
  email: "ann@acme.example",
  email_confirmed: true,
  has_password: true,
  first_name: "Ann",
  locked: false,
  enabled: true,
  mfa_enabled: false,
  can_create_orgs: false,
  created_at: 1_700_000_000,
  last_active_at: 1_700_000_000,
};

const ORGANIZATION = {
  org_id: "1189c444-8a2d-4c41-8b4b-ae43ce79a492",
  org_name: "Acme",
  org_metadata: {},
  url_safe_org_name: "acme",
  org_role_structure: "single_role_in_hierarchy",
  user_role: "Owner",
  inherited_user_roles_plus_current_role: ["Owner", "Member"],
  user_permissions: ["can_invite"],
  additional_roles: [],
};

/** A running double. */
export interface BackendDouble {
  readonly url: string;
  /** Changes of the user, or a status to answer with instead; assign to change it. */
  answer: Partial<typeof USER> | number;
  /** The path and the environment of each request. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Creates a public key, which the SDK needs at start; no test verifies anything with it. */
export function createPublicKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).publicKey;
}

/** Starts a double that knows one user and accepts one API key. */
export async function startBackendDouble(userId: string): Promise<BackendDouble> {
  const asked: string[] = [];
  const publicKey = createPublicKey();
  const server = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://backend");
    asked.push(`${request.url} for ${request.headers["x-propelauth-url"]}`);
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${API_KEY}`) return send(401, {});
    if (pathname === "/api/v1/token_verification_metadata") {
      return send(200, { verifier_key_pem: publicKey });
    }
    if (typeof backend.answer === "number") return send(backend.answer, {});
    if (pathname !== `/api/backend/v1/user/${userId}`) return send(404, {});
    const withOrgs = searchParams.get("include_orgs") === "true";
    const orgs = { org_id_to_org_info: { [ORGANIZATION.org_id]: ORGANIZATION } };
    return send(200, { user_id: userId, ...USER, ...(withOrgs && orgs), ...backend.answer });
  });
  const backend: BackendDouble = { url: server.origin, answer: {}, asked, close: server.close };
  return backend;
}
