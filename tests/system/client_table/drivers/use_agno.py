"""Agno's MCP tools, with a fixed header."""

import asyncio
from contextlib import asynccontextmanager

from agno.tools.mcp import MCPTools

from host import TOKEN, URL, Session, serve


@asynccontextmanager
async def open_session():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    from agno.tools.mcp import StreamableHTTPClientParams

    params = StreamableHTTPClientParams(url=URL, headers=headers)
    async with MCPTools(transport="streamable-http", server_params=params) as tools:
        yield Session(tools.session)


asyncio.run(serve(open_session))
