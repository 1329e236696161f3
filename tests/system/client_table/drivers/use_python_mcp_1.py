"""The client of the MCP SDK for Python, version 1."""

import asyncio
from contextlib import asynccontextmanager

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from host import URL, Session, create_provider, serve

provider = create_provider()


@asynccontextmanager
async def open_session():
    async with streamablehttp_client(URL, auth=provider) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            yield Session(session)


asyncio.run(serve(open_session))
