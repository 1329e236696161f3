// Preloaded before the example: redirects the SDK's requests to the double of PropelAuth's backend.
import process from "node:process";

const { fetch } = globalThis;
globalThis.fetch = (input, init) =>
  fetch(
    typeof input === "string"
      ? input.replace(/^https:\/\/propelauth-api\.com/, process.env["BACKEND_URL"] ?? "")
      : input,
    init,
  );
