# The MCP server of the measures in FastMCP, behind its PropelAuthProvider. It prints its URL, answers each
# line of its standard input with the microseconds of CPU time that it has used, and exits when its standard
# input ends. Arguments: the URL of PropelAuth, the RESOURCE, and for how many SECONDS answers are kept
import os
import socket
import sys
import threading
import time

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.providers.propelauth import PropelAuthProvider

auth_url, resource, seconds = sys.argv[1:4]
auth = PropelAuthProvider(
    auth_url=auth_url,
    introspection_client_id="id",
    introspection_client_secret="secret",
    base_url=resource.removesuffix("/mcp"),
    resource=resource,
    required_scopes=["read:user_data"],
    token_introspection_overrides={"cache_ttl_seconds": int(seconds) or None},
)
mcp = FastMCP("bench", auth=auth)


@mcp.tool
def hello() -> str:
    """Says hello"""
    return "hello"


listening = socket.socket()
listening.bind(("127.0.0.1", 0))


def answer() -> None:
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
    for _ in sys.stdin:
        print(int(time.process_time() * 1_000_000), flush=True)
    os._exit(0)


threading.Timer(1, answer).start()
app = mcp.http_app(path="/mcp", stateless_http=True, json_response=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])
