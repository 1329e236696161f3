import type { NextConfig } from "next";
import { BASE_PATH } from "./handler";

const config: NextConfig = {
  basePath: BASE_PATH,
  // Well-known paths are at the root of the origin, and an app with a base path sees only paths below
  // it, so it fetches these from itself. Without a base path no rewrite is needed.
  rewrites: async () =>
    BASE_PATH === "" ? [] : [{
      source: "/.well-known/oauth-protected-resource/:path*",
      destination: `http://127.0.0.1:${process.env["PORT"] ?? 3000}` +
        `${BASE_PATH}/.well-known/oauth-protected-resource/:path*`,
      basePath: false,
    }],
  // The lock file of these examples is in the folder above.
  turbopack: { root: `${import.meta.dirname}/..` },
};

export default config;
