#!/usr/bin/env bash
# @propelauth/node 2.1.36 changes the names of a user's custom properties when it fetches the user.
#
# Expected: PropelAuth's API reference calls `properties` a dictionary of custom properties, and its
# guide for user properties names one `referral_source`. The type of `UserMetadata.properties` has
# keys of any text. So the keys are data and keep their names, as those of `metadata` do.
# Seen: `fetchUserMetadataByUserId()` turns `referral_source` into `referralSource`, and so on down
# into the values. `validateApiKey()` does the same. The user of PropelAuth's own access token keeps
# the names, and `updateUserMetadata()` sends them as they are: a property that is fetched and stored
# again gets a second name. `@propelauth/node-apis` 2.1.36 has the same code.
# For users: a tool that reads `user.properties.referral_source` gets undefined, and no error. Read
# the name in camel case, or name custom properties without an underscore.
#
# Output on 28 November 2026, with Node 20.20:
#   PropelAuth has {"referral_source":"a friend","limits":{"max_rows":5}}
#   fetched: {"referralSource":"a friend","limits":{"maxRows":5}}
#   of an API key: {"referralSource":"a friend","limits":{"maxRows":5}}
#   fetched metadata: {"max_rows":5}
#   of PropelAuth's access token: {"referral_source":"a friend","limits":{"max_rows":5}}
#   stored again as {"referralSource":"a friend","limits":{"maxRows":5}}
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @propelauth/node@2.1.36 tslib@2.8.1 > npm.txt

cat > finding.mjs <<'END'
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { initBaseAuth } from "@propelauth/node";

const userId = "31c41c16-c281-44ae-9602-8a047e3bf33d";
const properties = { referral_source: "a friend", limits: { max_rows: 5 } };
const user = { user_id: userId, email: "a@example.com", metadata: { max_rows: 5 }, properties };
let stored;

// PropelAuth's backend API.
const api = createServer(async (request, response) => {
  if (request.method === "PUT") stored = (await json(request)).properties;
  const answer = request.url.endsWith("/validate") ? { user } : user;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});
await once(api.listen(0, "127.0.0.1"), "listening");
const origin = `http://127.0.0.1:${api.address().port}`;

// The package has the address of the backend API in its code.
const { fetch } = globalThis;
globalThis.fetch = (url, init) =>
  fetch(String(url).replace("https://propelauth-api.com", origin), init);

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const auth = initBaseAuth({
  authUrl: "https://auth.example.com",
  apiKey: "key",
  manualTokenVerificationMetadata: {
    verifierKey: publicKey.export({ type: "spki", format: "pem" }),
    issuer: "https://auth.example.com",
  },
});

function accessToken() {
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...user, iss: "https://auth.example.com", iat: now, exp: now + 600 };
  const text = [{ alg: "RS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

function print(title, value) {
  console.log(`${title} ${JSON.stringify(value)}`);
}

print("PropelAuth has", properties);
const fetched = await auth.fetchUserMetadataByUserId(userId);
print("fetched:", fetched.properties);
print("of an API key:", (await auth.validateApiKey("key")).user.properties);
print("fetched metadata:", fetched.metadata);
const own = await auth.validateAccessTokenAndGetUser(`Bearer ${accessToken()}`);
print("of PropelAuth's access token:", own.properties);
await auth.updateUserMetadata(userId, { properties: fetched.properties });
print("stored again as", stored);
api.close();
api.closeAllConnections();
END

timeout 30 node finding.mjs | tee seen.txt
diff - seen.txt <<'END'
PropelAuth has {"referral_source":"a friend","limits":{"max_rows":5}}
fetched: {"referralSource":"a friend","limits":{"maxRows":5}}
of an API key: {"referralSource":"a friend","limits":{"maxRows":5}}
fetched metadata: {"max_rows":5}
of PropelAuth's access token: {"referral_source":"a friend","limits":{"max_rows":5}}
stored again as {"referralSource":"a friend","limits":{"maxRows":5}}
END
