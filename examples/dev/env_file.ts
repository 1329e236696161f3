// The file in which `deno task dev` leaves its environment variables for other programs while it runs.
// Only its owner can read it.
// deno-lint-ignore-file no-unversioned-import
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LocalPropelAuth } from "jsr:@x/propelauth-local";

/** The path of the file. */
export const ENV_FILE = ".local-propelauth.env";

/** How long the token is valid. */
const TOKEN_SECONDS = 24 * 60 * 60;

/**
 * Writes the variables, and a token of the first user for the doctor; with API keys, the key of the
 * backend API too. Disposing deletes the file, unless another `deno task dev` has overwritten it.
 */
export async function writeEnvFile(
  local: LocalPropelAuth,
  mcpUrl: string,
  { withApiKeys }: { withApiKeys: boolean },
): Promise<Disposable> {
  const token = await local.mintToken({
    subject: local.users[0]?.email ?? "",
    resource: mcpUrl,
    expiresInSeconds: TOKEN_SECONDS,
  });
  const lines = [
    "# Written by `deno task dev`, which deletes this file when it ends.",
    `PROPELAUTH_AUTH_URL=${local.authUrl}`,
    `PROPELAUTH_INTROSPECTION_CLIENT_ID=${local.introspectionClientId}`,
    `PROPELAUTH_INTROSPECTION_CLIENT_SECRET=${local.introspectionClientSecret}`,
    `SERVER_URL=${new URL(mcpUrl).origin}`,
    `PROPELAUTH_TOKEN=${token}`,
    ...(withApiKeys ? [`PROPELAUTH_API_KEY=${local.backendApiKey}`] : []),
  ];
  const text = `${lines.join("\n")}\n`;
  try {
    // The mode applies to new files only.
    rmSync(ENV_FILE, { force: true });
    writeFileSync(ENV_FILE, text, { mode: 0o600 });
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`The file ${ENV_FILE} cannot be written: ${reason}`);
  }
  return {
    [Symbol.dispose]() {
      if (existsSync(ENV_FILE) && readFileSync(ENV_FILE, "utf8") === text) rmSync(ENV_FILE);
    },
  };
}
