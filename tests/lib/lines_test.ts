import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineReader } from "../../src/lib/lines.ts";

const LINES: [pieces: string[], lines: string[]][] = [
  [["a\nb\rc\r\nd"], ["a", "b", "c"]],
  [["a", "", "b", "\n"], ["ab"]],
  [["a\r", "", "\nb\n"], ["a", "b"]],
  [["a\r", "\n", "\n"], ["a", ""]],
  [["a\r", "\rb"], ["a", ""]],
];

for (const [pieces, lines] of LINES) {
  test(`createLineReader() finds ${JSON.stringify(lines)} in ${JSON.stringify(pieces)}`, () => {
    assert.deepEqual(pieces.flatMap(createLineReader()), lines);
  });
}
