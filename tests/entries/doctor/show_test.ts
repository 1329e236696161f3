import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createPrintWords,
  foreign,
  foreignList,
  say,
  type Words,
} from "../../../src/entries/doctor/show.ts";

const SECRET = "secret/of+mine";
const LONG = "x".repeat(190);

const PRINTED: Record<string, [words: Words, text: string]> = {
  "our own text as it is": [say`it is ${401}, not ${"a b"}`, "it is 401, not a b"],
  "a printable word as it is": [say`it is ${foreign("https://h/mcp")}`, "it is https://h/mcp"],
  "other text in quotes": [foreign('a "b"'), '"a \\"b\\""'],
  "text that moves a cursor escaped": [foreign("\x1b[2J\u202e"), '"\\u001b[2J\\u202e"'],
  "a value of another type as JSON": [foreign({ a: 1 }), '{"a":1}'],
  "no value as a word": [foreign(undefined), "nothing"],
  "a list, separated by spaces": [foreignList(["a", "b c"]), 'a "b c"'],
  "an empty list as a word": [foreignList([]), "none"],
  "eight of a longer list": [foreignList([..."abcdefghij"]), "a b c d e f g h and 2 more"],
  "a sentence within a sentence": [say`a ${say`b ${foreign("c")}`}.`, "a b c."],
  "a secret masked": [say`it is ${foreign(SECRET)}, ${SECRET}`, "it is ***, ***"],
  "a secret masked in a URL": [
    foreign(`https://h/?${encodeURIComponent(SECRET)}`),
    "https://h/?***",
  ],
  "a secret masked in Basic credentials": [foreign(btoa(SECRET)), "***="],
  "a secret masked where the text is cut": [foreign(`${LONG} ${SECRET}`), `"${LONG} ***"`],
};

for (const [what, [words, text]] of Object.entries(PRINTED)) {
  test(`createPrintWords() prints ${what}`, () => {
    assert.equal(createPrintWords([SECRET])(words), text);
  });
}

test("createPrintWords() hides no secret that is shorter than four characters", () => {
  assert.equal(createPrintWords(["the"])("the token"), "the token");
});

test("createPrintWords() cuts a text at 1000 characters, and replaces those outside ASCII", () => {
  assert.equal(createPrintWords([])(`ä${"x".repeat(2000)}`), `?${"x".repeat(999)}`);
});
