"""`infra.audit`, run apart: every stored state is the fold of its facts, and no sequence has a gap.

    python -m tests.chaos.audit <service>

in the environment of that service's process. Prints what it found, one JSON object.
"""

import asyncio
import json
import sys
from importlib import import_module

from infra.audit import verify
from infra.settings import load
from infra.store.mongo import MongoStore


async def main(service: str, module: str) -> None:
    settings = load(service=service)
    store = MongoStore(settings.mongo_url.get_secret_value(), service, timeout_ms=60_000)
    await store.open()
    looked, found = 0, []
    async for _, findings in verify(import_module(module).SERVICE, store):
        looked += 1
        found += [f"{finding.code} {finding.where}" for finding in findings]
    await store.close()
    print(json.dumps({"looked": looked, "found": found}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"services.{sys.argv[1]}.app"))
