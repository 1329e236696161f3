#!/usr/bin/env bash
# srvx 1.0.8 on Node, the server below h3 2.0.8 and Nitro 3: the request that a handler gets passes
# `instanceof Request`, can be cloned and read, but cannot be copied: `new Request(request)` throws.
# Expected: an object that is a Request can be given to the constructor of Request (Fetch, section 5.4).
# Who meets it: middleware that copies a request to change its headers; under h3 each request that
# such middleware admits ends as 500. `request.clone()`, or a Request built from its parts, works.
# Seen on Node 20.20: see the text between the two EOT below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --silent --no-fund --no-audit h3@2.0.8 srvx@1.0.8
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
