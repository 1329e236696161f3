// Forgets a user's cached answers when a webhook of PropelAuth reports a change of the user. In
// PropelAuth's dashboard, under Integrations > Webhooks, add the URL of this server with the path
// `/webhooks/propelauth`, and the events user.deleted, user.disabled, user.locked, user.logged_out,
// user.removed_from_org and user.role_changed_within_org. The signing secret is shown there too.
// deno-lint-ignore-file no-unversioned-import
import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import type { PropelAuth } from "jsr:@x/propelauth-mcp";

const MAX_AGE_SECONDS = 300;
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Answers PropelAuth's webhooks: `auth.handler(mcp, { fallback: createWebhook(auth, secret) })`.
 *
 * @throws {TypeError} There is no secret: everybody could sign with an empty one.
 */
export function createWebhook(
  auth: Pick<PropelAuth, "forgetSubject">,
  signingSecret: string,
): (request: Request) => Promise<Response> {
  if (keyOf(signingSecret).length === 0) {
    throw new TypeError("Cannot create a webhook: the signing secret (whsec_...) is missing");
  }
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/webhooks/propelauth") return new Response(null, { status: 404 });
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const body = await readBody(request);
    if (body === undefined) return new Response(null, { status: 413 });
    if (!isSigned(body, request.headers, signingSecret, Date.now() / 1000)) {
      return new Response(null, { status: 401 });
    }
    const user = userOf(body);
    // If this rejects, because the other instances cannot be reached, the answer is 500 and PropelAuth
    // sends the webhook again.
    if (user !== undefined) await auth.forgetSubject(user);
    return new Response(null, { status: 204 });
  };
}

/**
 * Whether a body was signed with this secret within the last five minutes by Svix, which sends
 * PropelAuth's webhooks:
 * https://docs.svix.com/receiving/verifying-payloads/how-manual
 */
export function isSigned(body: string, headers: Headers, secret: string, now: number): boolean {
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"]
    .map((name) => headers.get(`svix-${name}`) ?? "");
  if (!id || !timestamp || !signatures) return false;
  if (!(Math.abs(now - Number(timestamp)) <= MAX_AGE_SECONDS)) return false;
  const expected = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`)
    .digest();
  return signatures.split(" ").some((signature) => {
    const [version, value = ""] = signature.split(",");
    const given = Buffer.from(value, "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ""), "base64");
}

/** The id of the user whom an event is about, which is the subject of the user's tokens. */
function userOf(body: string): string | undefined {
  const event = JSON.parse(body);
  const user = event?.event_type === "user.removed_from_org"
    ? event.removed_user_id
    : event?.user_id;
  return typeof user === "string" && user !== "" ? user : undefined;
}

/** Reads the body; `undefined` if it is too long. The sender is not yet authenticated. */
async function readBody(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}
