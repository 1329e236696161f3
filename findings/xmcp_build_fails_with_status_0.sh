#!/usr/bin/env bash
# xmcp 1.1.3 ends `xmcp build` with status 0 when it has built nothing.
#
# Expected: a command that fails ends with a status other than 0 (POSIX, Shell Command Language,
# section 2.8.2). The README that `create-xmcp-app` writes says of the command "This will compile your
# TypeScript code and output it to the `dist` directory".
# Seen: when a tool imports a package that is not installed, and when there is no tsconfig.json, the
# command prints the error, writes no `dist`, and ends with 0.
# For users: `xmcp build && deploy`, a Dockerfile and CI go on after a failed build, for example when
# this library is missing; the server fails only when it is started. Test for dist/http.js.
#
# Output on 27 November 2026, with Node 20.20: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "name": "finding", "version": "1.0.0" }' > package.json
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  xmcp@1.1.3 \
  @xmcp-dev/compiler@1.1.3 \
  zod@4.6.7 > npm.txt
mkdir -p src/tools
cat > xmcp.config.ts <<'TS'
export default { http: true, paths: { tools: "src/tools", prompts: false, resources: false } };
TS

build() {
  rm -rf dist .xmcp
  local status=0
  timeout 120 node node_modules/xmcp/dist/cli.js build > build.txt 2>&1 || status=$?
  echo "$1: status $status, $([ -e dist/http.js ] && echo built || echo not built)"
}

tool='export const metadata = { name: "a", description: "a" };
export default function a() { return "a"; }'
{
  echo "$tool" > src/tools/a.ts
  build "without a tsconfig.json"
  echo '{ "compilerOptions": { "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
    "strict": true, "skipLibCheck": true }, "include": ["xmcp-env.d.ts", "src/**/*.ts"] }' > tsconfig.json
  build "a tool"
  printf 'import "is-not-installed";\n%s\n' "$tool" > src/tools/a.ts
  build "a tool with a package that is missing"
} > seen.txt
diff seen.txt - <<'EOT'
without a tsconfig.json: status 0, not built
a tool: status 0, built
a tool with a package that is missing: status 0, not built
EOT
echo 'Still so.'
