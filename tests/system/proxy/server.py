"""An MCP server of the Python SDK that tells what the proxy tells it about its caller."""
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("in-python", log_level="ERROR")


@server.tool()
def whoami(context: Context) -> str:
    headers = context.headers or {}
    return f"{headers.get('x-caller-subject')} {headers.get('authorization')}"


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
