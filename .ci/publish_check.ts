/**
 * Shows what `deno publish` would say of both packages, and fails on a warning as on an error: a
 * slow type, or a call that looks like an import, is as good as a broken package.
 *
 * Usage: `deno run --allow-run --allow-read .ci/publish_check.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console
for (const cwd of [".", "local"]) {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success || /^warning\b/m.test(said)) {
    console.error(said);
    Deno.exit(1);
  }
}
