// What `deno task dev` leaves for other programs while it runs: its variables, in a file that only
// its owner can read.
// deno-lint-ignore-file no-unversioned-import
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LocalPropelAuth } from "jsr:@x/propelauth-local";

/** Where the variables are, beside the stand-in's own file. */
export const ENV_FILE = ".local-propelauth.env";

/** Longer than anyone develops at a stretch. */
const TOKEN_SECONDS = 24 * 60 * 60;

/**
 * Writes the variables, and a token of the first user for the doctor. Disposing removes the file,
 * unless another one has written its own since.
 */
export async function writeEnvFile(local: LocalPropelAuth, mcpUrl: string): Promise<Disposable> {
  const token = await local.mintToken({
    subject: local.users[0]?.email ?? "",
    resource: mcpUrl,
    expiresInSeconds: TOKEN_SECONDS,
  });
  const lines = [
    "# Of the running `deno task dev`; it goes when that ends.",
    `PROPELAUTH_AUTH_URL=${local.authUrl}`,
    `PROPELAUTH_INTROSPECTION_CLIENT_ID=${local.introspectionClientId}`,
    `PROPELAUTH_INTROSPECTION_CLIENT_SECRET=${local.introspectionClientSecret}`,
    `SERVER_URL=${new URL(mcpUrl).origin}`,
    `PROPELAUTH_TOKEN=${token}`,
  ];
  const text = `${lines.join("\n")}\n`;
  // A mode counts for new files alone.
  rmSync(ENV_FILE, { force: true });
  writeFileSync(ENV_FILE, text, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      if (existsSync(ENV_FILE) && readFileSync(ENV_FILE, "utf8") === text) rmSync(ENV_FILE);
    },
  };
}
