#!/usr/bin/env bash
# @propelauth/node 2.1.36 cannot be imported after an install of it alone.
#
# Expected: npm's documentation of package.json, "dependencies": a package lists there what it needs
# at run time, so that an install of it brings that too.
# Seen: its code requires tslib, which it does not list. Unless the project has tslib for another
# reason, the import fails. 2.1.35 does the same, 2.1.34 does not.
# For users: install tslib beside it, as docs/user.md says. Deno cannot add a package to another one's
# dependencies; there use 2.1.34.
#
# Output on 27 November 2026, with Node 20.20:
#   without tslib: MODULE_NOT_FOUND, Cannot find module 'tslib'
#   with tslib: imported
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @propelauth/node@2.1.36 > npm.txt

cat > finding.mjs <<'END'
await import("@propelauth/node").then(
  () => console.log("imported"),
  ({ code, message }) => console.log(`${code}, ${message.split("\n")[0]}`),
);
END

echo "without tslib: $(timeout 30 node finding.mjs)" | tee seen.txt
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  tslib@2.8.1 > npm.txt
echo "with tslib: $(timeout 30 node finding.mjs)" | tee -a seen.txt
diff - seen.txt <<'END'
without tslib: MODULE_NOT_FOUND, Cannot find module 'tslib'
with tslib: imported
END
