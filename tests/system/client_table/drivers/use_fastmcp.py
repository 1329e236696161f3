"""FastMCP's client: Client(url, auth="oauth") with ping, list and call."""

import asyncio
from contextlib import asynccontextmanager

from fastmcp import Client
from fastmcp.client.auth import OAuth

from host import URL, Session, serve

# The same as auth="oauth", but kept over the sessions of one process, as a program does.
auth = OAuth()


class FastMCPSession(Session):
    async def list(self):
        names = await super().list()
        try:
            await self.session.ping()
        except Exception as error:
            return f"ping: {error}"
        return names


@asynccontextmanager
async def open_session():
    async with Client(URL, auth=auth) as client:
        yield FastMCPSession(client)


asyncio.run(serve(open_session))
