#!/usr/bin/env bash
# mcp 2.3.0 (Python) never uses its refresh token again after the token endpoint answered 503 once.
#
# Expected: RFC 9110 §15.6.4: a 503 is likely over after some delay, here after the second of
# `Retry-After`. Only `invalid_grant` (RFC 6749 §5.2) says that a refresh token is invalid, expired or
# revoked. So the call fails, and a later one refreshes.
# Seen: at any status but 200 the client forgets its tokens and starts a login within the same call.
# If nobody logs in, each later call starts a login too, and the refresh token, which is good and still
# in the storage, is not used: a token from the storage counts as valid without end, so that it goes
# out expired, and a 401 starts a login. The code of 1.30.0 is the same in this.
# For users: when PropelAuth is away for a moment just as an access token expires, the user has to log
# in again, and a program without a user has no tools although PropelAuth is back. Access tokens that
# live longer make that rarer.
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
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

LIFETIME = 2
away, good, states = False, set(), []


class Server(BaseHTTPRequestHandler):
    """An MCP server of 2025-11-25 without sessions, and its authorization server."""

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, **headers):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/.well-known/oauth-protected-resource/mcp":
            self.answer(200, {"resource": f"{origin}/mcp", "authorization_servers": [origin]})
        elif self.path == "/.well-known/oauth-authorization-server":
            self.answer(200, {
                "issuer": origin,
                "authorization_endpoint": f"{origin}/authorize",
                "token_endpoint": f"{origin}/token",
                "registration_endpoint": f"{origin}/register",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
            })
        else:
            self.answer(405 if self.path == "/mcp" else 404)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/register":
            return self.answer(201, {**json.loads(text), "client_id": "client"})
        if self.path == "/token":
            return self.answer_token_request(urllib.parse.parse_qs(text)["grant_type"][0])
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in good:
            error = 'error="invalid_token", ' if token else ""
            metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"
            return self.answer(401, WWW_Authenticate=f'Bearer {error}resource_metadata="{metadata}"')
        message = json.loads(text)
        if "id" not in message:
            return self.answer(202)
        if message["method"] == "initialize":
            result = {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "server", "version": "1.0.0"},
            }
        elif message["method"] == "tools/list":
            result = {"tools": [{"name": "tool", "inputSchema": {"type": "object"}}]}
        else:
            result = {"content": [{"type": "text", "text": "done"}]}
        self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    def answer_token_request(self, grant_type):
        print(f"  token request: {grant_type}, {503 if away else 200}")
        if away:
            return self.answer(503, Retry_After="1")
        good.clear()
        good.add(f"access-{len(states)}")
        self.answer(200, {
            "access_token": f"access-{len(states)}",
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "refresh_token": "refresh",
        })


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


async def main():
    global away
    user_is_there = True

    async def redirect(url):
        states.append(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["state"][0])
        print("  a browser opens for a login")

    async def callback():
        if not user_is_there:
            raise TimeoutError("nobody logged in")
        return AuthorizationCodeResult(code="code", state=states[-1])

    metadata = OAuthClientMetadata(
        redirect_uris=["http://127.0.0.1:9/callback"],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
    )
    storage = Storage()
    provider = OAuthClientProvider(
        f"{origin}/mcp", metadata, storage, redirect_handler=redirect, callback_handler=callback
    )

    async def call(when):
        print(f"{when}:")
        try:
            async with httpx2.AsyncClient(auth=provider) as http_client:
                transport = streamable_http_client(f"{origin}/mcp", http_client=http_client)
                async with Client(transport, mode="legacy") as client:
                    result = await client.call_tool("tool", {})
            print(f"  tools/call: {result.content[0].text}")
        except Exception as error:
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            print(f"  {error!r}")

    async def expire():
        good.clear()
        await asyncio.sleep(LIFETIME + 0.5)

    await call("At first")
    await expire()
    await call("The access token expired")
    await expire()
    user_is_there, away = False, True
    await call("It expired, the token endpoint is away, and so is the user")
    away = False
    await asyncio.sleep(1.5)
    await call("The token endpoint is back")
    print("  refresh token in the storage:", storage.tokens.refresh_token)
    await call("And again")


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
origin = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
asyncio.run(main())
END
timeout 60 bin/python finding.py > seen.txt 2> log.txt || { cat log.txt; exit 1; }
diff seen.txt - <<'EOT'
At first:
  a browser opens for a login
  token request: authorization_code, 200
  tools/call: done
The access token expired:
  token request: refresh_token, 200
  tools/call: done
It expired, the token endpoint is away, and so is the user:
  token request: refresh_token, 503
  a browser opens for a login
  TimeoutError('nobody logged in')
The token endpoint is back:
  a browser opens for a login
  TimeoutError('nobody logged in')
  refresh token in the storage: refresh
And again:
  a browser opens for a login
  TimeoutError('nobody logged in')
EOT
echo 'Still so.'
