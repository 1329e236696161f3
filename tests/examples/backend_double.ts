/**
 * Stands in for the two routes of PropelAuth's backend API that its SDK asks: on loopback, since the
 * SDK has the address of the real one built in. `tests/examples/redirect_backend.ts` leads it here.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { listen } from "../support/node_server.ts";

export const API_KEY = "api-key-of-the-backend";

/** A user as the backend tells of one. */
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

/** A backend, and what it answers from now on. */
export interface BackendDouble {
  readonly url: string;
  /** Changes the user, or answers with a status instead. */
  answer: Partial<typeof USER> | number;
  /** What was asked: the path and the environment. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A key as the SDK wants one at its start; nothing is verified by it here. */
export function createPublicKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).publicKey;
}

/** Starts a backend. It knows one user and takes one key. */
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
