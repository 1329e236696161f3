// Loaded before the example: the SDK's requests go to the double instead of PropelAuth.
import process from "node:process";

const { fetch } = globalThis;
globalThis.fetch = (input, init) =>
  fetch(
    typeof input === "string"
      ? input.replace(/^https:\/\/propelauth-api\.com/, process.env["BACKEND_URL"] ?? "")
      : input,
    init,
  );
