"""LlamaIndex's MCP client."""

import asyncio
from contextlib import asynccontextmanager

from llama_index.tools.mcp import BasicMCPClient

from host import URL, Session, create_provider, serve

provider = create_provider()


@asynccontextmanager
async def open_session():
    client = BasicMCPClient(URL, auth=provider)
    # It opens a session for each request.
    await client.list_tools()
    yield Session(client)


asyncio.run(serve(open_session))
