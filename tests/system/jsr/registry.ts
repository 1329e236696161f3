/**
 * JSR on loopback: takes what `deno publish` sends, and serves it again as JSR does, to Deno and, as
 * npm packages, to npm.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A package that was published. */
interface Published {
  readonly scope: string;
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string>;
  /** The files as they were sent, by path. */
  readonly files: Map<string, Uint8Array>;
  /** The npm package that is made of them, and its `package.json`. */
  readonly tarball: Uint8Array;
  readonly manifest: Record<string, unknown>;
}

/** The running registry. */
export interface Registry {
  readonly url: string;
  /** The published versions, by `@scope/name`. */
  readonly published: ReadonlyMap<string, Published>;
  close(): Promise<void>;
}

/**
 * Starts an empty registry.
 *
 * @param deno The program that makes npm packages of what is published.
 * @param folder An empty folder for its files.
 */
export async function startRegistry(deno: string, folder: string): Promise<Registry> {
  const published = new Map<string, Published>();

  async function answer(incoming: IncomingMessage): Promise<unknown> {
    const { pathname } = new URL(incoming.url ?? "/", "http://registry");
    // The registry's own interface, as far as `deno publish` uses it.
    const [, scope = "", name = "", version] =
      /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)(?:\/versions\/([^/]+))?$/.exec(pathname) ?? [];
    if (version !== undefined && incoming.method === "POST") {
      const file = join(folder, `${name}-${version}.tgz`);
      await writeFile(file, incoming);
      published.set(`@${scope}/${name}`, await takeIn(deno, folder, file, scope, name, version));
      return { ...PUBLISHED, packageScope: scope, packageName: name, packageVersion: version };
    }
    if (scope !== "" && version === undefined) return { scope, name };
    if (pathname.startsWith("/api/publish_status/")) {
      const [last] = [...published.values()].slice(-1);
      const { scope, name, version } = last ?? {};
      return { ...PUBLISHED, packageScope: scope, packageName: name, packageVersion: version };
    }
    return serveModules(published, pathname) ?? serveNpm(published, pathname, url);
  }

  const server = createServer(async (incoming, outgoing) => {
    try {
      const body = await answer(incoming);
      outgoing.statusCode = body === undefined ? 404 : 200;
      const bytes = body instanceof Uint8Array ? body : JSON.stringify(body ?? NOT_FOUND);
      outgoing.setHeader(
        "Content-Type",
        body instanceof Uint8Array ? "application/octet-stream" : "application/json",
      );
      outgoing.end(bytes);
    } catch (error) {
      outgoing.statusCode = 500;
      outgoing.end(String(error));
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    published,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const PUBLISHED = { id: "task", status: "success", error: null };
const NOT_FOUND = { code: "notFound", message: "Not found" };

/** Reads what was sent, and makes an npm package of it as JSR does. */
async function takeIn(
  deno: string,
  folder: string,
  file: string,
  scope: string,
  name: string,
  version: string,
): Promise<Published> {
  const sources = join(folder, name);
  await mkdir(sources);
  await run("tar", ["-xzf", file, "-C", sources]);
  const files = new Map<string, Uint8Array>();
  for (const path of await readdir(sources, { recursive: true })) {
    const whole = join(sources, path);
    if ((await stat(whole)).isFile()) files.set(path.replaceAll("\\", "/"), await readFile(whole));
  }
  const config = JSON.parse(await readFile(join(sources, "deno.json"), "utf8"));
  // Alone in its folder it is no workspace, and what it imports stands in the files already.
  const { workspace: _workspace, lock: _lock, imports: _imports, tasks: _tasks, ...alone } = config;
  await writeFile(join(sources, "deno.json"), JSON.stringify(alone));

  const packed = join(folder, `${name}-npm.tgz`);
  await run(deno, ["pack", "--allow-dirty", "--no-source-maps", "--output", packed], {
    cwd: sources,
  });
  const unpacked = join(folder, `${name}-npm`);
  await mkdir(unpacked);
  await run("tar", ["-xzf", packed, "-C", unpacked]);
  const manifestFile = join(unpacked, "package", "package.json");
  const renamed = {
    ...JSON.parse(await readFile(manifestFile, "utf8")),
    name: npmName(scope, name),
  };
  await writeFile(manifestFile, JSON.stringify(renamed));
  await run("tar", ["-czf", packed, "-C", unpacked, "package"]);
  const tarball = await readFile(packed);
  const { exports } = config;
  return { scope, name, version, exports, files, tarball, manifest: renamed };
}

function npmName(scope: string, name: string): string {
  return `@jsr/${scope}__${name}`;
}

/** Answers requests of Deno: two lists, and the files. */
function serveModules(published: ReadonlyMap<string, Published>, pathname: string): unknown {
  const [, key = "", path = ""] = /^\/(@[^/]+\/[^/]+)\/(.+)$/.exec(pathname) ?? [];
  const found = published.get(key);
  if (found === undefined) return undefined;
  const { scope, name, version, exports, files } = found;
  if (path === "meta.json") return { scope, name, latest: version, versions: { [version]: {} } };
  if (path === `${version}_meta.json`) {
    const manifest = Object.fromEntries(
      [...files].map(([file, bytes]) => [`/${file}`, {
        size: bytes.length,
        checksum: `sha256-${createHash("sha256").update(bytes).digest("hex")}`,
      }]),
    );
    return { exports, manifest };
  }
  return path.startsWith(`${version}/`) ? files.get(path.slice(version.length + 1)) : undefined;
}

/** Answers requests of npm: a list of versions, and the package. */
function serveNpm(
  published: ReadonlyMap<string, Published>,
  pathname: string,
  url: string,
): unknown {
  const path = decodeURIComponent(pathname).slice(1);
  for (const { scope, name, version, tarball, manifest } of published.values()) {
    const own = npmName(scope, name);
    if (path === `${own}.tgz`) return tarball;
    if (path !== own) continue;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `${url}/${own}.tgz`, integrity };
    const versions = { [version]: { ...manifest, dist } };
    return { name: own, "dist-tags": { latest: version }, versions };
  }
  return undefined;
}
