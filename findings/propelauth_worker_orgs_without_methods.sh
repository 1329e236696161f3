#!/usr/bin/env bash
# @propelauth/cloudflare-worker 2.0.6 gives the organizations of a fetched user without their methods.
#
# Expected: its types: `UserMetadata.orgIdToOrgInfo` maps to `OrgMemberInfo`, a class with
# `hasPermission()`, `isRole()`, `isAtLeastRole()`, `assignedRole` and `permissions`. They are there on
# the user of PropelAuth's own access token, and in @propelauth/node 2.1.36 on a fetched user too.
# Seen: `fetchUserMetadataByUserId(id, true)` gives plain objects: each of these methods throws a
# TypeError, and the two getters are undefined. `fetchOrgByQuery()` fails before it asks PropelAuth,
# since it is a GET with a body, which `fetch` refuses.
# For users: a tool on Cloudflare Workers has only the id of its caller, so it has to fetch the user,
# and TypeScript takes `org.hasPermission(...)`. Read the fields instead, which the types declare
# private: `userAssignedRole`, `userPermissions`; or use @propelauth/node-apis 2.1.36, which has no
# dependencies and needs no more than `fetch`.
#
# Output on 28 November 2026, with Node 20.20:
#   cloudflare-worker, access token: hasPermission() is true, assignedRole is Admin
#   cloudflare-worker, fetched: hasPermission is not a function, assignedRole is undefined
#   node-apis, fetched: hasPermission() is true, assignedRole is Admin
#   cloudflare-worker, fetchOrgByQuery: Request with GET/HEAD method cannot have body.
#   Requests for organizations: 0
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @propelauth/cloudflare-worker@2.0.6 \
  @propelauth/node-apis@2.1.36 > npm.txt

cat > finding.mjs <<'END'
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
// Node finds no entry in its package.json, which names one for bundlers alone.
import { initAuth } from "@propelauth/cloudflare-worker/dist/index.mjs";
import { getApis } from "@propelauth/node-apis";

const userId = "31c41c16-c281-44ae-9602-8a047e3bf33d";
const orgId = "1189c444-8a2d-4c41-8b4b-ae43ce79a492";
const orgs = {
  [orgId]: {
    org_id: orgId,
    org_name: "Acme",
    org_metadata: {},
    url_safe_org_name: "acme",
    user_role: "Admin",
    inherited_user_roles_plus_current_role: ["Admin", "Member"],
    user_permissions: ["can_invite"],
  },
};
let orgRequests = 0;

// PropelAuth's backend API.
const api = createServer((request, response) => {
  if (request.url.startsWith("/api/backend/v1/org/")) orgRequests++;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ user_id: userId, email: "a@example.com", org_id_to_org_info: orgs }));
});
await once(api.listen(0, "127.0.0.1"), "listening");
const origin = `http://127.0.0.1:${api.address().port}`;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const verifierKey = publicKey.export({ type: "spki", format: "pem" });
const worker = initAuth({ authUrl: origin, apiKey: "key", verifierKey });

// @propelauth/node-apis has the address of the backend API in its code.
const { fetch } = globalThis;
globalThis.fetch = (url, init) =>
  fetch(String(url).replace("https://propelauth-api.com", origin), init);
const nodeApis = getApis(new URL(origin), "key");

function accessToken() {
  const now = Math.floor(Date.now() / 1000);
  const claims = { user_id: userId, org_id_to_org_member_info: orgs };
  const text = [{ alg: "RS256" }, { ...claims, iss: origin, iat: now, exp: now + 600 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

function show(title, org) {
  let answer = "hasPermission is not a function";
  if (org.hasPermission) answer = `hasPermission() is ${org.hasPermission("can_invite")}`;
  console.log(`${title}: ${answer}, assignedRole is ${org.assignedRole}`);
}
const own = await worker.validateAuthHeaderAndGetUser(`Bearer ${accessToken()}`);
show("cloudflare-worker, access token", own.orgIdToOrgMemberInfo[orgId]);
const fetched = await worker.fetchUserMetadataByUserId(userId, true);
show("cloudflare-worker, fetched", fetched.orgIdToOrgInfo[orgId]);
const { orgIdToOrgInfo } = await nodeApis.fetchUserMetadataByUserId(userId, true);
show("node-apis, fetched", orgIdToOrgInfo[orgId]);
const query = async () => await worker.fetchOrgByQuery({ pageSize: 10, pageNumber: 0 });
const outcome = await query().then(() => "answered", (error) => error.message);
console.log(`cloudflare-worker, fetchOrgByQuery: ${outcome}`);
console.log(`Requests for organizations: ${orgRequests}`);
process.exit();
END

timeout 30 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
cloudflare-worker, access token: hasPermission() is true, assignedRole is Admin
cloudflare-worker, fetched: hasPermission is not a function, assignedRole is undefined
node-apis, fetched: hasPermission() is true, assignedRole is Admin
cloudflare-worker, fetchOrgByQuery: Request with GET/HEAD method cannot have body.
Requests for organizations: 0
END
