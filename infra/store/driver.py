"""The two client libraries, made one: motor, which is past its upstream end of life, and PyMongo's own asynchronous client."""

import asyncio
from inspect import isawaitable
from typing import Any, Literal

from pymongo import AsyncMongoClient

Driver = Literal["pymongo", "motor"]
CONNECT_MS = 5_000
"""The libraries wait 20 s for a server that takes a connection and says nothing, and notice only then that it is well again."""


def connect(driver: Driver, url: str, **options: Any) -> Any:
    """A client. It connects at its first use."""
    options = {"connectTimeoutMS": CONNECT_MS, **options}
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return AsyncIOMotorClient(url, **options)
    return AsyncMongoClient(url, **options)


async def settled(answer: Any) -> Any:
    """What starts a session or a transaction is to be awaited in one library and not, or not always, in the other."""
    return await answer if isawaitable(answer) else answer


async def close(client: Any) -> None:
    """Motor blocks its caller while it takes leave of the server."""
    if isinstance(client, AsyncMongoClient):
        await client.close()
    else:
        await asyncio.to_thread(client.close)
