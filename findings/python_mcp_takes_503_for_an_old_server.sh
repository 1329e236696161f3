#!/usr/bin/env bash
# mcp 2.3.0 (Python) takes a 503 to its first request for the answer of an old server.
#
# Expected: MCP 2026-07-28, Streamable HTTP, Backward Compatibility: a client falls back to `initialize`
# by what the body of a `400 Bad Request` says; the matrix of "Versioning" widens that to 4xx. A 503
# (RFC 9110 §15.6.4) says nothing about revisions, and the client's own `_probe.py` has it that "an
# outage or in-process bug is never an era verdict".
# Seen: after a 503 to `server/discover` (and after 401, 403 and 429) `Client` sends `initialize` at
# once, in spite of `Retry-After`, and speaks 2025-11-25 to a server of both revisions until the end of
# the session. Where a call is refused, the error is "Server returned an error response", -32603, for
# each of them: status, challenge, `Retry-After` and an OAuth error are gone. A JSON-RPC error is kept.
# For users: with a fixed header a missing scope, a dead token and an outage look alike, and to tell
# them apart takes an `event_hooks` entry for `response` at the `httpx2` client. `mode="2026-07-28"`
# sends no `server/discover`, and stays with that revision.
#
# Output on 28 November 2026, with Python 3.11: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
timeout 300 bin/pip install --quiet --disable-pip-version-check \
  mcp==2.3.0

cat > finding.py <<'END'
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

REFUSALS = {
    401: ("invalid_token", {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    403: ("insufficient_scope", {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'}),
    429: ("too_many_requests", {"Retry-After": "1"}),
    503: ("temporarily_unavailable", {"Retry-After": "1"}),
}
SERVER = {"capabilities": {"tools": {}}, "serverInfo": {"name": "server", "version": "1.0.0"}}
COMPLETE = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
RESULTS = {
    "server/discover": {**COMPLETE, **SERVER, "supportedVersions": ["2026-07-28", "2025-11-25"]},
    "initialize": {**SERVER, "protocolVersion": "2025-11-25"},
    "tools/list": {**COMPLETE, "tools": [{"name": "tool", "inputSchema": {"type": "object"}}]},
    "tools/call": {"resultType": "complete", "content": [{"type": "text", "text": "done"}]},
}
refused, status, as_json_rpc, methods = None, 200, False, []


class Server(BaseHTTPRequestHandler):
    """A server of MCP 2026-07-28 and 2025-11-25 that refuses the method `refused` once."""

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers={}):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(405)

    def do_POST(self):
        global refused
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = message["method"]
        methods.append(method)
        if method == refused:
            refused = None
            error, headers = REFUSALS[status]
            body = {"error": error}
            if as_json_rpc:
                body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": error}}
            return self.answer(status, body, headers)
        if "id" not in message:
            return self.answer(202)
        self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": RESULTS[method]})


async def use():
    try:
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer token"}) as http_client:
            transport = streamable_http_client(f"{origin}/mcp", http_client=http_client)
            async with Client(transport) as client:
                await client.call_tool("tool", {})
                return f"then {methods[1]}, session of {client.protocol_version}"
    except Exception as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        assert isinstance(error, MCPError)
        return f"{error.code} {error.message}"


async def main():
    global refused, status, as_json_rpc
    print("No refusal:", await use())
    for refused_method in ["server/discover", "tools/call"]:
        for as_json_rpc in [False, True]:
            print(f"{refused_method} is refused with {'a JSON-RPC error' if as_json_rpc else 'an OAuth error'}:")
            for status in REFUSALS:
                refused = refused_method
                methods.clear()
                print(f"  {status}: {await use()}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
origin = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
asyncio.run(main())
END
timeout 60 bin/python finding.py > seen.txt 2> log.txt || { cat log.txt; exit 1; }
diff seen.txt - <<'EOT'
No refusal: then tools/call, session of 2026-07-28
server/discover is refused with an OAuth error:
  401: then initialize, session of 2025-11-25
  403: then initialize, session of 2025-11-25
  429: then initialize, session of 2025-11-25
  503: then initialize, session of 2025-11-25
server/discover is refused with a JSON-RPC error:
  401: then initialize, session of 2025-11-25
  403: then initialize, session of 2025-11-25
  429: then initialize, session of 2025-11-25
  503: then initialize, session of 2025-11-25
tools/call is refused with an OAuth error:
  401: -32603 Server returned an error response
  403: -32603 Server returned an error response
  429: -32603 Server returned an error response
  503: -32603 Server returned an error response
tools/call is refused with a JSON-RPC error:
  401: -32000 invalid_token
  403: -32000 insufficient_scope
  429: -32000 too_many_requests
  503: -32000 temporarily_unavailable
EOT
echo 'Still so.'
