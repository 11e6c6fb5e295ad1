"""Members that join a group and leave it again at once: every coming and going stops the whole group and deals its partitions anew."""

import asyncio
import random
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor


async def rebalances(access: dict[str, Any], seconds: float, topics: tuple[str, ...], pattern: str) -> int:
    """For so long; how many joined. They join both groups of the front door, take nothing and commit nothing."""
    until, joined = asyncio.get_running_loop().time() + seconds, 0

    async def come_and_go(group: str) -> None:
        nonlocal joined
        inner = group == "intake"
        while asyncio.get_running_loop().time() < until:
            member = AIOKafkaConsumer(
                **access, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest", session_timeout_ms=6_000,
                heartbeat_interval_ms=2_000, rebalance_timeout_ms=30_000,
                partition_assignment_strategy=[RangePartitionAssignor if inner else RoundRobinPartitionAssignor],
            )  # fmt: skip
            member.subscribe(topics=list(topics)) if inner else member.subscribe(pattern=pattern)
            with suppress(Exception):
                await member.start()
                joined += 1
            await asyncio.sleep(random.uniform(0.2, 1.5))
            with suppress(Exception):
                await asyncio.wait_for(member.stop(), 5)

    await asyncio.gather(come_and_go("intake"), come_and_go("intake.partners"))
    return joined
