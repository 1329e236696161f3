#!/usr/bin/env bash
# fastmcp 4.2.3 (Python) fails `client.ping()` with "Method not found" wherever the server is new.
#
# Expected: its documentation of the client, "Send a ping request", as in versions 2 and 3, where
# `await client.ping()` after `async with Client(url, auth="oauth")` says that the server is there.
# Seen: the client negotiates 2026-07-28 by default, which has no `ping`, sends the request all the
# same, and raises the server's error -32601. It is so with FastMCP's own server of that version, in
# memory and over HTTP. With `mode="legacy"` the same call works.
# For users: a check by `ping()` that worked with FastMCP 3 reports a good server as broken. Use
# `Client(url, mode="legacy")`, or `list_tools()` in place of `ping()`.
#
# Output on 27 November 2026, with Python 3.11:
#   mode "auto": 2026-07-28, ping: Method not found
#   mode "legacy": 2025-11-25, ping: True
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
timeout 300 bin/pip install --quiet --disable-pip-version-check \
  fastmcp==4.2.3

cat > finding.py <<'END'
import asyncio

from fastmcp import Client, FastMCP

server = FastMCP("server")
printed = []


async def main():
    for mode in ("auto", "legacy"):
        async with Client(server, mode=mode) as client:
            try:
                result = await client.ping()
            except Exception as error:
                result = error
            printed.append(f'mode "{mode}": {client.protocol_version}, ping: {result}')
            print(printed[-1])


asyncio.run(main())
assert "Method not found" in printed[0]
assert "True" in printed[1]
END
timeout 60 bin/python finding.py
