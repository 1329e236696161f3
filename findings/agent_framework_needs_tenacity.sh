#!/usr/bin/env bash
# agent-framework-core 1.23.0 (Python) connects to no MCP server of 2026-07-28 without `tenacity`.
#
# Expected: its own error, which asks for `mcp` alone when that is missing: a program that has
# `agent-framework-core` and `mcp` can enter `MCPStreamableHTTPTool(...)`. `tenacity` is named only in
# the extra `all`, among forty other packages.
# Seen: the connection itself succeeds, then the tool raises ToolExecutionException, "MCP
# subscription recovery requires `tenacity`", and is closed again. A server of 2025-11-25 works.
# For users: install `agent-framework-core mcp tenacity`. The error comes after the user logged in,
# and looks like a failure of the server.
#
# Output on 27 November 2026, with Python 3.11:
#   without tenacity: MCP subscription recovery requires `tenacity`. Please install `tenacity`.
#   with tenacity: connected
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
timeout 300 bin/pip install --quiet --disable-pip-version-check \
  agent-framework-core==1.23.0 \
  mcp==2.3.0

cat > finding.py <<'END'
import asyncio
import importlib.util
import socket
import threading

import uvicorn
from agent_framework import MCPStreamableHTTPTool
from mcp.server.mcpserver import MCPServer

server = MCPServer("server")


@server.tool()
def tool() -> str:
    return "called"


def serve(listener):
    config = uvicorn.Config(server.streamable_http_app(stateless_http=True), log_level="error")
    asyncio.run(uvicorn.Server(config).serve([listener]))


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    threading.Thread(target=serve, args=[listener], daemon=True).start()
    try:
        async with MCPStreamableHTTPTool("server", url=url):
            return "connected"
    except Exception as error:
        return str(error.__cause__ or error)


installed = importlib.util.find_spec("tenacity") is not None
result = asyncio.run(main())
print(f"{'with' if installed else 'without'} tenacity: {result}", flush=True)
assert ("requires `tenacity`" in result) == (not installed)
END
timeout 60 bin/python finding.py 2> log.txt
timeout 300 bin/pip install --quiet --disable-pip-version-check tenacity==9.1.4
timeout 60 bin/python finding.py 2> log.txt
