import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { createWebhook, isSigned } from "../../examples/webhook.ts";
import { ACTIVE, cached, createHarness, json } from "../support/harness.ts";

// The example of Svix's own documentation.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = '{"test": 2432232314}';
const SENT_AT = 1_614_265_330;
const HEADERS = {
  "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "svix-timestamp": `${SENT_AT}`,
  "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

const SIGNED: [
  when: string,
  change: { body?: string; headers?: Record<string, string>; secret?: string; now?: number },
  signed: boolean,
][] = [
  ["it is Svix's own example", {}, true],
  ["the secret has no prefix", { secret: SECRET.slice("whsec_".length) }, true],
  [
    "another signature stands before the right one",
    { headers: { "svix-signature": `v1,AAAA v2,x ${HEADERS["svix-signature"]}` } },
    true,
  ],
  ["it is five minutes old", { now: SENT_AT + 300 }, true],
  ["it is older", { now: SENT_AT + 301 }, false],
  ["it is from the future", { now: SENT_AT - 301 }, false],
  ["the body was changed", { body: '{"test": 2432232315}' }, false],
  ["the id was changed", { headers: { "svix-id": "msg_other" } }, false],
  ["the timestamp was changed", { headers: { "svix-timestamp": `${SENT_AT + 1}` } }, false],
  ["the timestamp is no number", { headers: { "svix-timestamp": "now" } }, false],
  ["the secret is another", { secret: "whsec_AAAA" }, false],
  ["the signature has another version", {
    headers: { "svix-signature": HEADERS["svix-signature"].replace("v1", "v2") },
  }, false],
  ["the signature is cut", { headers: { "svix-signature": "v1,g0hM" } }, false],
  ["there is no signature", { headers: { "svix-signature": "" } }, false],
];

for (const [when, { body = BODY, headers, secret = SECRET, now = SENT_AT }, signed] of SIGNED) {
  test(`isSigned() says ${signed} when ${when}`, () => {
    assert.equal(isSigned(body, new Headers({ ...HEADERS, ...headers }), secret, now), signed);
  });
}

/** A webhook as PropelAuth has Svix send it now. */
function webhook(event: unknown, { secret = SECRET, path = "/webhooks/propelauth" } = {}): Request {
  const body = JSON.stringify(event);
  const [id, timestamp] = ["msg_1", `${Math.floor(Date.now() / 1000)}`];
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return new Request(`https://mcp.example.com${path}`, {
    method: "POST",
    body,
    headers: { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` },
  });
}

const EVENTS: [event: Record<string, unknown>, forgotten: boolean][] = [
  [{ event_type: "user.deleted", user_id: "user-1" }, true],
  [{ event_type: "user.disabled", user_id: "user-1" }, true],
  [{ event_type: "user.removed_from_org", removed_user_id: "user-1", org_id: "org-1" }, true],
  [{ event_type: "user.role_changed_within_org", user_id: "user-1", new_role: "Member" }, true],
  [{ event_type: "user.deleted", user_id: "user-2" }, false],
  [{ event_type: "org.deleted", org_id: "user-1" }, false],
];

for (const [event, forgotten] of EVENTS) {
  test(`the webhook ${forgotten ? "forgets" : "keeps"} user-1 for ${JSON.stringify(event)}`, async () => {
    const { auth, asked } = createHarness(cached(), () => json(ACTIVE));
    const handler = auth.handler(() => new Response(), { fallback: createWebhook(auth, SECRET) });
    await auth.verifier.verifyAccessToken("token-1");
    assert.equal((await handler(webhook(event))).status, 204);
    await auth.verifier.verifyAccessToken("token-1");
    assert.equal(asked.length, forgotten ? 2 : 1);
  });
}

const EVENT = { event_type: "user.deleted", user_id: "user-1" };
const REFUSED: [when: string, request: () => Request, status: number][] = [
  ["it is signed with another secret", () => webhook(EVENT, { secret: "whsec_AAAA" }), 401],
  ["it goes to another path", () => webhook(EVENT, { path: "/other" }), 404],
  ["it is longer than 64 KiB", () => webhook({ ...EVENT, more: "x".repeat(70_000) }), 413],
  ["it is no POST", () => new Request("https://mcp.example.com/webhooks/propelauth"), 405],
];

for (const [when, request, status] of REFUSED) {
  test(`the webhook is refused with ${status} when ${when}`, async () => {
    const webhook = createWebhook(
      { forgetSubject: () => assert.fail("nothing is forgotten") },
      SECRET,
    );
    assert.equal((await webhook(request())).status, status);
  });
}

for (const secret of ["", "whsec_"]) {
  test(`createWebhook() takes no empty secret: ${JSON.stringify(secret)}`, () => {
    const create = () => createWebhook({ forgetSubject: () => Promise.resolve() }, secret);
    assert.throws(create, {
      name: "TypeError",
      message: /signing secret \(whsec_\.\.\.\) is missing/,
    });
  });
}
