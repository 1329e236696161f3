import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf } from "../../../src/entries/doctor/ask.ts";

const FAULTS: [words: string, error: unknown, reason: string][] = [
  ["of Node: a name", nested("getaddrinfo ENOTFOUND nope.invalid", "ENOTFOUND"), "name"],
  [
    "of Deno: a name",
    nested("client error (Connect): dns error: failed to lookup address"),
    "name",
  ],
  ["of Node: no listener", nested("connect ECONNREFUSED 127.0.0.1:9", "ECONNREFUSED"), "refused"],
  [
    "of Deno: no listener",
    nested("tcp connect error: Connection refused (os error 111)"),
    "refused",
  ],
  [
    "of Node: own certificate",
    nested("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    "tls",
  ],
  ["of Node: no TLS at all", nested("wrong version", "ERR_SSL_WRONG_VERSION_NUMBER"), "tls"],
  ["of Deno: own certificate", nested("invalid peer certificate: UnknownIssuer"), "tls"],
  ["of Deno: no TLS at all", nested("received corrupt message of type InvalidContentType"), "tls"],
  [
    "of Deno: no permission",
    Object.assign(new Error("Requires net access"), { name: "NotCapable" }),
    "permission",
  ],
  ["of no runtime", "a text", "network"],
  ["of a socket", nested("other side closed", "UND_ERR_SOCKET"), "network"],
];

function nested(message: string, code?: string): Error {
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code });
  return new TypeError("fetch failed", { cause });
}

for (const [words, error, reason] of FAULTS) {
  test(`faultOf() knows the words ${words}`, () => {
    assert.equal(faultOf(error).reason, reason);
  });
}
