"""The client of the MCP SDK for Python, version 2."""

import asyncio
from contextlib import asynccontextmanager

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from host import URL, Session, create_provider, serve

provider = create_provider()


@asynccontextmanager
async def open_session():
    async with create_mcp_http_client(auth=provider) as http_client:
        async with Client(streamable_http_client(URL, http_client=http_client)) as client:
            yield Session(client)


asyncio.run(serve(open_session))
