#!/usr/bin/env bash
# mcp 2.3.0 (Python) sends the user to a login after 401, though it has a good refresh token.
#
# Expected: RFC 6749 §1.5, steps F to H: when the resource server answers that the access token is
# invalid, the client requests a new one with its refresh token. The TypeScript SDK does that.
# Seen: the client refreshes only when `expires_in` has passed by its own clock. After a 401 for a
# token that it believes to be good, it starts a whole authorization and never tries the refresh
# token. It is the same in 1.30.0, and so in FastMCP, LangChain, Pydantic AI and others that use it.
# For users: an access token that PropelAuth ends before its time opens a browser, or fails where
# nobody sits at one. Let tokens expire rather than end them, where users are behind such clients.
#
# Output on 27 November 2026, with Python 3.11:
#   authorization 1
#   token request: authorization_code
#   tools/call: called with access-1
#   The server ends access-1. The refresh token is good.
#   authorization 2
#   token request: authorization_code
#   tools/call: called with access-2
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

printed, good, issued, codes = [], set(), [], []


def say(line):
    printed.append(line)
    print(line)


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
            say(f"token request: {urllib.parse.parse_qs(text)['grant_type'][0]}")
            token = f"access-{len(issued) + 1}"
            issued.append(token)
            good.add(token)
            return self.answer(200, {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": 3600,
                "refresh_token": "refresh",
            })
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in good:
            error = 'error="invalid_token", ' if token else ""
            metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"
            challenge = f'Bearer {error}resource_metadata="{metadata}"'
            return self.answer(401, WWW_Authenticate=challenge)
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
            result = {"content": [{"type": "text", "text": f"called with {token}"}]}
        self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})


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
    async def redirect(url):
        codes.append(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["state"][0])
        say(f"authorization {len(codes)}")

    async def callback():
        return AuthorizationCodeResult(code=f"code-{len(codes)}", state=codes[-1])

    metadata = OAuthClientMetadata(
        redirect_uris=["http://127.0.0.1:9/callback"],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
    )
    provider = OAuthClientProvider(
        f"{origin}/mcp", metadata, Storage(), redirect_handler=redirect, callback_handler=callback
    )
    async with httpx2.AsyncClient(auth=provider) as http_client:
        transport = streamable_http_client(f"{origin}/mcp", http_client=http_client)
        async with Client(transport, mode="legacy") as client:
            for turn in range(2):
                result = await client.call_tool("tool", {})
                say(f"tools/call: {result.content[0].text}")
                if turn == 0:
                    say("The server ends access-1. The refresh token is good.")
                    good.clear()


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
origin = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
asyncio.run(main())
assert "authorization 2" in printed, "no second authorization"
assert "token request: refresh_token" not in printed, "the refresh token was used"
END
timeout 60 bin/python finding.py
