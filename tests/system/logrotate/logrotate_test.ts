/** docs/audit.md's configuration of logrotate, run by Debian's logrotate while a server writes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { createFileLog } from "../../../examples/audit/file.ts";
import { mcp } from "../../../examples/audit/mcp_server.ts";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { block } from "../../support/guides.ts";

const CONFIG = block("audit.md", "logrotate");
/** Where Debian installs it; the PATH of a user may not have this folder. */
const LOGROTATE = "/usr/sbin/logrotate";

/** Makes a folder with the guide's configuration for a file in it. */
async function inFolder(
  run: (file: string, rotate: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "logrotate-"));
  try {
    await chmod(folder, 0o755);
    const file = join(folder, "calls.jsonl");
    const config = join(folder, "logrotate.conf");
    await writeFile(config, CONFIG.replace(/^\/\S+/, file), { mode: 0o644 });
    await run(file, async () => {
      const args = ["--force", "--state", join(folder, "state"), config];
      const child = spawn(LOGROTATE, args, { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (part) => said += part);
      assert.deepEqual([await once(child, "close"), said], [[0, null], ""]);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a file is there and not empty: logrotate leaves any other alone. */
function hasLines(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** The lines of a file and of all that logrotate made of it. */
async function readAll(file: string): Promise<string[]> {
  const folder = join(file, "..");
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(file)));
  const texts = await Promise.all(names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  }));
  return texts.flatMap((text) => text.split("\n").filter((line) => line !== ""));
}

test("logrotate renames and compresses the file of a server that goes on writing, and no line is lost", async () => {
  await inFolder(async (file, rotate) => {
    const log = createFileLog(file);
    const propelAuth = createTestPropelAuth({ audit: log });
    const handler = propelAuth.createPropelAuth().handler(mcp);
    const token = propelAuth.token();
    const call = async (id: number) => {
      const response = await handler(
        new Request("https://mcp.example.com/mcp", {
          method: "POST",
          headers: {
            Authorization: `Bearer ${token}`,
            "Content-Type": "application/json",
            Accept: "application/json, text/event-stream",
          },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id,
            method: "tools/call",
            params: { name: "read_report", arguments: { id: `r${id}` } },
          }),
        }),
      );
      assert.equal(response.status, 200);
      await response.text();
      // All of this is one turn of the event loop; the file has its turn now.
      await setImmediate();
    };
    let id = 0;
    while (!hasLines(file)) await call(id++);
    for (let rotation = 0; rotation < 4; rotation++) {
      let isOver = false;
      const rotated = rotate().finally(() => isOver = true);
      // The server writes while logrotate runs.
      do await Promise.all([call(id++), call(id++), call(id++)]); while (!isOver);
      await rotated;
      while (!hasLines(file)) await call(id++);
    }
    const counts = await log.close();
    const ids = (await readAll(file)).map((line) => JSON.parse(line).requestId);
    assert.equal(ids.length, counts.written);
    assert.equal(new Set(ids).size, id);
    const names = await readdir(join(file, ".."));
    assert.equal(names.filter((name) => name.endsWith(".gz")).length, 3, names.join(" "));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });
});

test("logrotate leaves a file alone that is not there yet", async () => {
  await inFolder((_file, rotate) => rotate());
});
