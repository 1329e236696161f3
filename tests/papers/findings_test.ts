/** `findings/`: every script has the form that findings/README.md states. None is run here. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

const folder = new URL("findings/", root);
const page = readFileSync(new URL("README.md", folder), "utf8");
const scripts = readdirSync(folder).filter((name) => name !== "README.md");

test("findings/README.md lists every script, and no other", () => {
  const listed = [...page.matchAll(/^\| \[([\w.]+)\]\(\1\) /gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), scripts.sort());
});

/** Hosts that a script may name: loopback, names for documents, and one that it replaces by loopback. */
const HOSTS = /^(?:127\.0\.0\.1|\w+\.example\.com|propelauth-api\.com)$/;

for (const name of scripts) {
  test(`findings/${name} has the form of a finding`, () => {
    const text = readFileSync(new URL(name, folder), "utf8");
    const [comment = ""] = /^#!\/usr\/bin\/env bash\n(#.*\n)+/.exec(text) ?? [];
    const [, packageName, version] =
      /^# (@?[\w/.:-]+) (\d+\.\d+\.\d+(?:-beta\d+)?) /m.exec(comment) ?? [];
    for (const part of ["Expected: ", "Seen: ", "For users: ", "Output on "]) {
      assert(comment.includes(`\n# ${part}`), `the comment lacks ${part}`);
    }
    assert.match(
      text,
      /^set -euo pipefail\nfolder=\$\(mktemp -d\) && trap 'rm -rf "\$folder"' EXIT$/m,
    );
    assert.match(
      text,
      /^timeout \d+ (?:npm install .*--ignore-scripts|bin\/pip install|go get|mvn .*-Dmaven\.repo\.local)/m,
    );
    const installed = installedPackages(text);
    for (const [, exact] of installed) assert.match(exact, /^\d+\.\d+\.\d+(?:-beta\d+)?$/);
    assert(installed.some(([one, exact]) => one === packageName && exact === version));
    assert.match(text, /\btimeout \d+ (?:node|bin\/python|java|\.\/finding) /);
    // Nothing of this project: neither a package nor a file.
    assert.doesNotMatch(text, /@x\/|\.\.\/|\$OLDPWD|BASH_SOURCE/);
    for (const [, host = ""] of text.matchAll(/https?:\/\/([^:/`"]+)/g)) assert.match(host, HOSTS);
  });
}

/** Names and versions: npm `name@1.2.3`, PyPI `name==1.2.3`, Go `path@v1.2.3`, Maven's elements. */
function installedPackages(text: string): [string, string][] {
  const lines = text.matchAll(/^ {2}(@?[\w/.-]+)(?:\[\w+\])?(?:@v?|==)(\S+)/gm);
  const elements = text.matchAll(
    /<groupId>(.*)<\/groupId>\s*<artifactId>(.*)<\/artifactId>\s*<version>(.*)<\/version>\s*<\/dep/g,
  );
  return [
    ...[...lines].map(([, name = "", exact = ""]): [string, string] => [name, exact]),
    ...[...elements].map(([, group, name, exact = ""]): [string, string] => [
      `${group}:${name}`,
      exact,
    ]),
  ];
}
