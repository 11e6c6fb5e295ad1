"""The two client libraries, made one: motor, which is past its upstream end of life, and PyMongo's own asynchronous client."""

from inspect import isawaitable
from typing import Any, Literal

Driver = Literal["pymongo", "motor"]


def connect(driver: Driver, url: str, **options: Any) -> Any:
    """A client. It connects at its first use."""
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return AsyncIOMotorClient(url, **options)
    from pymongo import AsyncMongoClient

    return AsyncMongoClient(url, **options)


async def settled(answer: Any) -> Any:
    """`start_session`, `start_transaction` and `close` are to be awaited in one library and not in the other."""
    return await answer if isawaitable(answer) else answer
