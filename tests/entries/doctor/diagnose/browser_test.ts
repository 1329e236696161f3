/** The running server, as a web page asks it. */
import { broken, BROWSER_CHECKS, fromPage, header, status, testRows } from "./rows.ts";

const INSERTED = "/.well-known/oauth-protected-resource/mcp";

testRows(BROWSER_CHECKS, {
  cors: {
    "a refusal cannot be read": {
      setup: {
        server: fromPage(["POST", "/mcp"], header("Access-Control-Allow-Origin", undefined)),
      },
      seen: /^no Access-Control-Allow-Origin \(401\)$/,
      remedy: /network error/,
    },
    "another origin is allowed": {
      setup: {
        server: fromPage(
          ["POST", "/mcp"],
          header("Access-Control-Allow-Origin", "https://a.example"),
        ),
      },
      seen: /^allows https:\/\/a\.example, not http:/,
      remedy: /network error/,
    },
    "the challenge is hidden": {
      setup: {
        server: fromPage(
          ["POST", "/mcp"],
          header("Access-Control-Expose-Headers", "Mcp-Session-Id"),
        ),
      },
      seen: /^pages cannot read WWW-Authenticate$/,
      remedy: /which scopes/,
    },
    "the origin is refused": {
      setup: { server: fromPage(["POST", "/mcp"], status(403)) },
      seen: /^403 for pages of http:/,
      remedy: /correct SERVER_URL, or add this one to the option allowedOrigins/,
    },
  },
  preflight: {
    "it needs a token": {
      setup: { server: fromPage(["OPTIONS", "/mcp"], status(401)) },
      seen: /^401: a preflight never has a token$/,
      remedy: /unguarded/,
    },
    "it is not let through": {
      setup: {
        server: fromPage(["OPTIONS", "/mcp"], status(405, { "Access-Control-Allow-Origin": "*" })),
      },
      seen: /^405 to OPTIONS$/,
      remedy: /2xx/,
    },
    "a proxy answers it without CORS": {
      setup: { server: fromPage(["OPTIONS", "/mcp"], status(204)) },
      seen: /^no Access-Control-Allow-Origin \(204\)$/,
      remedy: /network error/,
    },
    "a proxy answers it with a wildcard": {
      setup: {
        server: fromPage(["OPTIONS", "/mcp"], header("Access-Control-Allow-Headers", "*")),
      },
      seen: /^pages may not send authorization$/,
      remedy: /proxy/,
    },
  },
  metadata_cors: {
    "it cannot be read": {
      setup: {
        server: fromPage(["GET", INSERTED], header("Access-Control-Allow-Origin", undefined)),
      },
      seen: /^no Access-Control-Allow-Origin \(200\)$/,
      remedy: /network error/,
    },
    "its preflight fails": {
      setup: {
        server: fromPage(
          ["OPTIONS", INSERTED],
          status(404, { "Access-Control-Allow-Origin": "*" }),
        ),
      },
      seen: /^404 to OPTIONS$/,
      remedy: /OPTIONS/,
    },
    "its preflight is never answered": {
      setup: { server: fromPage(["OPTIONS", INSERTED], broken) },
      seen: /^no answer from /,
      remedy: /Start the server/,
    },
  },
});
