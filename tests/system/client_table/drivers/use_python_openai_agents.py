"""The MCP client of the OpenAI Agents SDK for Python."""

import asyncio
from contextlib import asynccontextmanager

from agents.mcp import MCPServerStreamableHttp

from host import URL, Session, create_provider, serve

provider = create_provider()


@asynccontextmanager
async def open_session():
    async with MCPServerStreamableHttp(params={"url": URL, "auth": provider}) as server:
        yield Session(server)


asyncio.run(serve(open_session))
