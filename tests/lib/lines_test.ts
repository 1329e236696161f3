import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineReader } from "../../src/lib/lines.ts";

const LINES: [pieces: (string | number[])[], lines: string[]][] = [
  [["a\nb\rc\r\nd"], ["a", "b", "c"]],
  [["a", "", "b", "\n"], ["ab"]],
  [["a\r", "", "\nb\n"], ["a", "b"]],
  [["a\r", "\n", "\n"], ["a", ""]],
  [["a\r", "\rb"], ["a", ""]],
  [[[0x61, 0xc3], [0xa9, 0x0a]], ["a\u00e9"]],
  [[[0x61, 0xc3], "\n"], ["a\ufffd"]],
];

for (const [pieces, lines] of LINES) {
  test(`createLineReader() finds ${JSON.stringify(lines)} in ${JSON.stringify(pieces)}`, () => {
    const read = createLineReader();
    const found = pieces.flatMap((piece) =>
      read(typeof piece === "string" ? piece : new Uint8Array(piece))
    );
    assert.deepEqual(found, lines);
  });
}
