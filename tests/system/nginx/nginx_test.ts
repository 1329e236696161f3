/** The guide's nginx in front of a protected server: the configuration as printed, real nginx. */
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { request as sendRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createPropelAuth } from "@x/propelauth-mcp";
import { block, commands } from "../../support/guides.ts";
import { freePort } from "../../support/ports.ts";

const HOST = "mcp.example.com";

/** The printed server, with ports and files of the test's own. */
function configure(folder: string, port: number, upstream: number): string {
  const printed = block("deploy.md", "nginx");
  // The time is the guide's; no test waits for it.
  assert.match(printed, /^ +proxy_read_timeout 1h;$/m);
  const replaced = printed
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace("http://127.0.0.1:8000", `http://127.0.0.1:${upstream}`)
    .replaceAll("/etc/ssl/mcp.example.com", `${folder}/certificate`);
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  return `daemon off; pid ${folder}/pid; error_log stderr notice;
events {}
http { access_log off; ${temp}
${replaced} }`;
}

/** Starts nginx; resolves when it listens. */
async function startNginx(upstream: number) {
  const folder = await mkdtemp(join(tmpdir(), "nginx-"));
  // Started by root, its workers are somebody else.
  await chmod(folder, 0o755);
  const files = ["-keyout", `${folder}/certificate.key`, "-out", `${folder}/certificate.pem`];
  const options = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${HOST}`, "-days", "1"];
  assert.equal(spawnSync("openssl", ["req", "-x509", ...options, ...files]).status, 0);
  const port = await freePort();
  await writeFile(`${folder}/nginx.conf`, configure(folder, port, upstream));
  // Debian's path: the PATH of a user may not have this folder.
  const nginx = spawn("/usr/sbin/nginx", ["-c", `${folder}/nginx.conf`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  for await (const part of nginx.stderr) {
    said += part;
    if (/start worker process \d+/.test(said)) break;
  }
  assert.match(said, /start worker process/, said);
  return {
    port,
    async [Symbol.asyncDispose]() {
      nginx.kill("SIGTERM");
      await once(nginx, "exit");
      await rm(folder, { recursive: true });
    },
  };
}

interface Received extends Pick<IncomingMessage, "statusCode" | "headers"> {
  readonly text: string;
}

/** What a client sends beside the path. */
interface Sent {
  readonly token?: string;
  readonly body?: string;
  /** Called with the whole text so far, whenever a part has come. */
  readonly onText?: (text: string) => void;
}

/** Asks nginx as a client of the public host would, and reads the whole answer. */
async function ask(port: number, path: string, { token, body, onText }: Sent = {}) {
  const request = sendRequest({
    host: "127.0.0.1",
    port,
    path,
    method: body === undefined ? "GET" : "POST",
    rejectUnauthorized: false,
    servername: HOST,
    headers: {
      "Host": HOST,
      "Connection": "close",
      ...(token !== undefined && { "Authorization": `Bearer ${token}` }),
    },
  });
  request.end(body);
  return await new Promise<Received>((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      const { statusCode, headers } = response;
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
        onText?.(text);
      });
      response.once("close", () => resolve({ statusCode, headers, text }));
    });
  });
}

test("behind the guide's nginx all is as without one", { timeout: 60_000 }, async () => {
  const auth = createPropelAuth({
    authUrl: "https://auth.example.com",
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: `https://${HOST}`,
    tokenIntrospectionOverrides: {
      fetch: () =>
        Promise.resolve(
          Response.json({ active: true, sub: "user-1", aud: `https://${HOST}/mcp` }),
        ),
    },
  });
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const handler = auth.handler(async (request, { authInfo }) => {
    if (request.method === "POST") {
      return Response.json({ subject: authInfo.subject, bytes: (await request.text()).length });
    }
    const encoder = new TextEncoder();
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(encoder.encode("data: first\n\n"));
        // The second event is sent only once the first has arrived: a proxy that collects hangs.
        await finished;
        controller.enqueue(encoder.encode("data: last\n\n"));
        controller.close();
      },
    });
    return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
  });
  const listener = toNodeHandler({ fetch: handler });
  const hosts = new Set<string | undefined>();
  const upstream = createServer((incoming, outgoing) => {
    hosts.add(incoming.headers.host);
    // The adapter's type knows no `undefined`, which a server's request never has.
    void listener(incoming as Parameters<typeof listener>[0], outgoing);
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const address = upstream.address();
  assert(typeof address === "object" && address !== null);
  try {
    await using nginx = await startNginx(address.port);
    const refused = await ask(nginx.port, "/mcp");
    const metadataUrl = `https://${HOST}/.well-known/oauth-protected-resource/mcp`;
    assert.equal(refused.statusCode, 401);
    assert.equal(
      refused.headers["www-authenticate"],
      `Bearer resource_metadata="${metadataUrl}"`,
    );
    const metadata = await ask(nginx.port, new URL(metadataUrl).pathname);
    assert.equal(JSON.parse(metadata.text).resource, `https://${HOST}/mcp`);

    // The guide's own commands, with the host's name leading here.
    const asked = commands("deploy.md", "curl ");
    const here = ["-sk", "--max-time", "10", "--connect-to", `${HOST}:443:127.0.0.1:${nginx.port}`];
    // Not spawnSync: the server that they ask runs in this process.
    const said = await Promise.all(
      asked.map(async (line) =>
        (await promisify(execFile)("curl", [...here, ...line.split(" ").slice(1)])).stdout
      ),
    );
    assert.equal(said.length, 2);
    assert.match(said[0] ?? "", /^HTTP\/1\.1 401 /);
    assert(said[0]?.includes(metadataUrl));
    assert.equal(JSON.parse(said[1] ?? "").resource, `https://${HOST}/mcp`);

    const large = "x".repeat(4 * 1024 * 1024);
    const called = await ask(nginx.port, "/mcp", { token: "token", body: large });
    assert.deepEqual(JSON.parse(called.text), { subject: "user-1", bytes: large.length });

    const stream = await ask(nginx.port, "/mcp", {
      token: "token",
      onText: (text) => text === "data: first\n\n" && finish(),
    });
    assert.equal(stream.text, "data: first\n\ndata: last\n\n");
    assert.deepEqual([...hosts], [HOST]);
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
});
