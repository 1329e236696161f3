#!/usr/bin/env bash
# fastmcp 4.2.3 (Python) answers a good token with 401 `invalid_token` while PropelAuth is away.
#
# Expected: FastMCP's own contract for verifiers, the docstring of `TokenVerificationError`: a
# verifier raises it when an outage keeps the token from being judged; `None` is for tokens that were
# judged and found bad. Its verifier for GitHub does so, and the caller gets a 5xx. RFC 6750 §3.1 has
# `invalid_token` for a token that is expired, revoked, malformed or otherwise invalid.
# Seen: `IntrospectionTokenVerifier`, and so `PropelAuthProvider`, returns `None` when introspection
# answers 503 or 429, or refuses the server's own credentials with 401, or cannot be reached. The
# client gets 401, and the advice to clear its tokens and to register again. Nothing is logged above
# the level DEBUG but "invalid_token".
# For users: a second of outage makes clients refresh or log in, all at once, though their tokens are
# good; this library answers 503 with Retry-After, or 500, and clients keep them. Where FastMCP stays,
# wrap the verifier: one that raises `TokenVerificationError` is answered 500.
#
# Output on 28 November 2026, with Python 3.11:
#   PropelAuth answers 200: 200
#   PropelAuth answers 503: 401 invalid_token, "clear authentication tokens"
#   PropelAuth answers 429: 401 invalid_token, "clear authentication tokens"
#   PropelAuth answers 401: 401 invalid_token, "clear authentication tokens"
#   PropelAuth refuses connections: 401 invalid_token, "clear authentication tokens"
#   PropelAuth answers 200: 200
#   A verifier that raises TokenVerificationError: 500
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
timeout 300 bin/pip install --quiet --disable-pip-version-check \
  fastmcp==4.2.3

cat > finding.py <<'END'
import http.client
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider, TokenVerificationError, TokenVerifier
from fastmcp.server.auth.providers.propelauth import PropelAuthProvider

printed = []
status = 200


class PropelAuth(BaseHTTPRequestHandler):
    """The introspection endpoint: each token is active."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        facts = {"active": True, "sub": "user", "client_id": "client", "scope": "read:reports"}
        body = json.dumps({**facts, "exp": int(time.time()) + 3600}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Away(TokenVerifier):
    async def verify_token(self, token):
        raise TokenVerificationError("away")


def serve(create):
    """Serves MCP with the provider that `create` returns, and returns the port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = FastMCP("server", auth=create(f"http://127.0.0.1:{port}")).http_app(
        stateless_http=True, json_response=True
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    threading.Thread(target=server.run, args=([listener],), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return port


def call(port, title):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(
        "POST",
        "/mcp",
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "client", "version": "1.0.0"},
        }}),
        {
            "Authorization": "Bearer good",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        },
    )
    response = connection.getresponse()
    text = response.read().decode()
    line = f"{title}: {response.status}"
    if response.status == 401:
        line += f" {json.loads(text)['error']}"
        if "clear authentication tokens" in response.headers["WWW-Authenticate"]:
            line += ', "clear authentication tokens"'
    printed.append(line)
    print(line)


propelauth = ThreadingHTTPServer(("127.0.0.1", 0), PropelAuth)
threading.Thread(target=propelauth.serve_forever, daemon=True).start()


def provider(auth_url):
    return lambda origin: PropelAuthProvider(
        auth_url=auth_url,
        introspection_client_id="id",
        introspection_client_secret="secret",
        base_url=origin,
        required_scopes=["read:reports"],
    )


port = serve(provider(f"http://127.0.0.1:{propelauth.server_port}"))
for status in (200, 503, 429, 401):
    call(port, f"PropelAuth answers {status}")
call(serve(provider("http://127.0.0.1:9")), "PropelAuth refuses connections")
status = 200
call(port, "PropelAuth answers 200")
call(
    serve(lambda origin: RemoteAuthProvider(
        token_verifier=Away(), authorization_servers=["http://127.0.0.1:9/"], base_url=origin
    )),
    "A verifier that raises TokenVerificationError",
)
assert [line.split(": ")[1][:3] for line in printed] == ["200", *["401"] * 4, "200", "500"]
assert all("clear" in line for line in printed[1:5])
END
timeout 100 bin/python finding.py 2> /dev/null
