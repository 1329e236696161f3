#!/usr/bin/env bash
# srvx 1.0.8 gives handlers a request that cannot be copied. h3 2.0.8 and Nitro 3 stand on it.
#
# Expected: Fetch, section 5.4: the constructor of Request takes a Request, and copies it.
# Seen: on Node the request passes `instanceof Request`, and `request.clone()` works, but
# `new Request(request)` throws a TypeError, with or without a body given beside it.
# For users: middleware that copies the request to change its headers fails under h3 with 500. A
# Request built from its parts (URL, method, headers, body) works.
#
# Output on 27 November 2026, with Node 20.20: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  h3@2.0.8 \
  srvx@1.0.8 > npm.txt
cat > seen.js <<'JS'
import { H3, serve } from "h3";

const app = new H3();
app.post("/", (event) => {
  const request = event.req;
  const attempt = (run) => {
    try {
      run();
      return "works";
    } catch (error) {
      return error.name;
    }
  };
  const parts = { method: request.method, headers: request.headers };
  return [
    `instanceof Request: ${request instanceof Request}`,
    `request.clone(): ${attempt(() => request.clone())}`,
    `new Request(request.url, parts): ${attempt(() => new Request(request.url, parts))}`,
    `new Request(request): ${attempt(() => new Request(request))}`,
    `new Request(request, { body }): ${attempt(() => new Request(request, { body: "a" }))}`,
  ].join("\n");
});
const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(await (await fetch(server.url, { method: "POST", body: "a" })).text());
await server.close(true);
JS
timeout 30 node seen.js > seen.txt
diff seen.txt - <<'EOT'
instanceof Request: true
request.clone(): works
new Request(request.url, parts): works
new Request(request): TypeError
new Request(request, { body }): TypeError
EOT
echo 'Still so.'
