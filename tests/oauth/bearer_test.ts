import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_CREDENTIALS_LENGTH, mayBeToken, parseBearerToken } from "../../src/oauth/bearer.ts";
import { type AccessTokenError, refusalFor } from "../../src/oauth/errors.ts";

const longest = "a".repeat(MAX_CREDENTIALS_LENGTH - "Bearer ".length);

// RFC 6750 §2.1, RFC 9110 §11.2 and §11.4
const READ: [when: string, value: string, token: string][] = [
  ["the scheme is as registered", "Bearer abc", "abc"],
  ["the scheme is lower case", "bearer abc", "abc"],
  ["the scheme is upper case", "BEARER abc", "abc"],
  ["several spaces follow the scheme", "Bearer    abc", "abc"],
  ["white space surrounds the value", " \tBearer abc \t", "abc"],
  ["every token68 character occurs", "Bearer aZ09-._~+/==", "aZ09-._~+/=="],
  ["the value is as long as may be", `Bearer ${longest}`, longest],
];

for (const [when, value, token] of READ) {
  test(`parseBearerToken() gives the token when ${when}`, () => {
    assert.equal(parseBearerToken(value), token);
  });
}

const MISSING: [when: string, value: string | null][] = [
  ["there is no header", null],
  ["the value is empty", ""],
  ["the value is white space", " \t "],
  ["nothing follows the scheme", "Bearer"],
  ["only spaces follow the scheme", "Bearer    "],
  ["the scheme is another one", "Basic dXNlcjpwYXNz"],
  ["the scheme begins with Bearer", "BearerToken abc"],
  ["another scheme is longer than may be", `Basic ${"a".repeat(MAX_CREDENTIALS_LENGTH)}`],
  ["the value is a bare token", "eyJhbGciOiJub25lIn0"],
];

for (const [when, value] of MISSING) {
  test(`parseBearerToken() finds no credentials when ${when}`, () => {
    assert.throws(() => parseBearerToken(value), { reason: "missing_credentials" });
  });
}

const MALFORMED: [when: string, value: string][] = [
  ["two tokens follow", "Bearer abc def"],
  ["a comma list follows", "Bearer abc, Bearer def"],
  ["a comma follows the scheme", "Bearer, abc"],
  ["a tab separates", "Bearer\tabc"],
  ["the token is quoted", 'Bearer "abc"'],
  ["padding stands inside", "Bearer a=b"],
  ["the token is padding alone", "Bearer =="],
  ["a parameter follows instead", "Bearer token=abc"],
  ["a line break is in it", "Bearer abc\r\nX-Injected: 1"],
  ["a NUL is in it", "Bearer abc\0"],
  ["a letter is not ASCII", "Bearer abc\u00e9"],
  ["a look-alike letter is in it", "Bearer \u0430bc"],
  ["the value is too long", `Bearer ${longest}a`],
  ["the value is too long, and begins like a placeholder", `Bearer undefined${longest}`],
];

for (const [when, value] of MALFORMED) {
  test(`parseBearerToken() finds malformed credentials when ${when}`, () => {
    assert.throws(() => parseBearerToken(value), (error: AccessTokenError) => {
      assert.deepEqual([error.reason, refusalFor(error).status], ["malformed_credentials", 400]);
      return true;
    });
  });
}

// A fixed header of a client whose variable has no value: the client needs a token, so 401 and not 400.
for (const value of ["Bearer undefined", "Bearer null", "bearer undefined", " BEARER  null\t"]) {
  test(`parseBearerToken() finds a placeholder in ${JSON.stringify(value)}`, () => {
    assert.throws(() => parseBearerToken(value), (error: AccessTokenError) => {
      assert.equal(error.reason, "malformed_credentials");
      const { status, error: code, description = "" } = refusalFor(error);
      assert.deepEqual([status, code], [401, "invalid_token"]);
      assert.match(description, /placeholder/);
      return true;
    });
  });
}

test("parseBearerToken() keeps the value out of its errors", () => {
  assert.throws(() => parseBearerToken("Bearer secret token"), (error: Error) => {
    assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}`, /secret token/);
    return true;
  });
});

const TOKENS: [value: unknown, is: boolean][] = [
  ["abc", true],
  ["", false],
  ["a b", false],
  ["a".repeat(MAX_CREDENTIALS_LENGTH), true],
  ["a".repeat(MAX_CREDENTIALS_LENGTH + 1), false],
  ["undefined", false],
  ["null", false],
  ["undefined1", true],
  [undefined, false],
  [42, false],
  [["abc"], false],
];

for (const [value, is] of TOKENS) {
  test(`mayBeToken() is ${is} for ${String(value).slice(0, 20)} (${typeof value})`, () => {
    assert.equal(mayBeToken(value), is);
  });
}

test("parseBearerToken() looks at each character a few times, not once for each other one", () => {
  const value = `Bearer${" ".repeat(MAX_CREDENTIALS_LENGTH - 10)}a b`;
  // Anybody can send them. A tenth of a second each would be minutes here.
  for (let sent = 0; sent < 2_000; sent++) {
    assert.throws(() => parseBearerToken(value), { reason: "malformed_credentials" });
  }
});
