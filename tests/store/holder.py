"""A process that holds a resource, and dies or stops inside a transaction.

python -m tests.store.holder <url> <database> <driver> <failpoints>
"""

import asyncio
import sys

from infra.failpoints import arm, parse
from infra.store.mongo import MongoStore
from tests.store.rows import change


async def main(url: str, database: str, driver: str, points: str) -> None:
    store = MongoStore(url, database, driver)  # type: ignore[arg-type]
    await store.open()
    await store.fence(["lane/0"])
    await store.commit(change())
    print("held", flush=True)
    arm(parse(points))
    try:
        await store.commit(change(v=2))
        print("committed", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
    await store.commit(change("item/2"))
    print("goes on", flush=True)


asyncio.run(main(*sys.argv[1:]))
