import assert from "node:assert/strict";
import { test } from "node:test";
import { createEventStreamReader } from "../../../src/entries/audit/event_stream_reader.ts";

/** The texts that the reader of messages receives. */
function read(stream: string, pieceLength: number): string[] {
  const texts: string[] = [];
  let text = "";
  const take = createEventStreamReader({
    push: (bytes, start, end) => text += new TextDecoder().decode(bytes.subarray(start, end)),
    end() {
      texts.push(text);
      text = "";
    },
  });
  const bytes = new TextEncoder().encode(stream);
  for (let at = 0; at < bytes.length; at += pieceLength) {
    take(bytes.subarray(at, at + pieceLength));
    take(new Uint8Array());
  }
  return texts;
}

const READ: [what: string, stream: string, texts: string[]][] = [
  ["an event", 'data: {"a":1}\n\n', ['{"a":1}\n']],
  ["an event without a space", "data:a\n\n", ["a\n"]],
  ["two spaces, of which one belongs to the field", "data:  a\n\n", [" a\n"]],
  ["other fields", "event: message\nid: 7\ndata: a\nretry: 1\n: data: b\n\n", ["a\n"]],
  ["several lines of data", "data: a\ndata\ndata: b\n\n", ["a\n\nb\n"]],
  ["fields that only begin as data", "dat: a\ndata2: b\nda\ndatabase\nxdata: c\n\n", []],
  ["carriage returns", "data: a\r\rdata: b\r\r", ["a\n", "b\n"]],
  ["carriage returns with line feeds", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [
    "a\nb\n",
    "c\n",
  ]],
  ["mixed ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", ["a\n", "b\n", "c\n"]],
  ["no event without an end", "data: a\n", []],
  ["empty lines", "\n\n\r\n\rdata: a\n\n\n", ["a\n"]],
];

for (const [what, stream, texts] of READ) {
  for (const pieceLength of [1, 2, 3, 1000]) {
    test(`createEventStreamReader() reads ${what}, in pieces of ${pieceLength}`, () => {
      assert.deepEqual(read(stream, pieceLength), texts);
    });
  }
}
