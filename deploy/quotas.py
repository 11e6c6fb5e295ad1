"""Client quotas by user. The administration client we use cannot set them, so this speaks that one request itself (KIP-546, v0)."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from infra.problems import Problem

ENTITY = Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))
OPERATION = Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))
TIMEOUT_SECONDS = 60

Quota = Mapping[str, float | None]
"""By Kafka's own names (`producer_byte_rate`, …); None takes a limit away."""


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")), ("entity", ENTITY))),
    )


class _AlterV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(("entries", Array(("entity", ENTITY), ("ops", OPERATION))), ("validate_only", Boolean))


class _Alter(Request[_AlterV0]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, entries: list[tuple[object, object]]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[_AlterV0]) -> _AlterV0:
        return request_struct_class(self._entries, False)


def apply(client_config: Mapping[str, str | int | float | bool], quotas: Mapping[str, Quota]) -> None:
    """Set the quotas of many users in one request, signed in as `client_config` (librdkafka's names) says. TL-2011 when refused."""
    if quotas:
        with ThreadPoolExecutor(1) as beside:  # a loop of its own, whether or not the caller runs in one
            beside.submit(asyncio.run, _apply(client_config, quotas)).result(TIMEOUT_SECONDS)


async def _apply(config: Mapping[str, str | int | float | bool], quotas: Mapping[str, Quota]) -> None:
    client = AIOKafkaClient(
        bootstrap_servers=config["bootstrap.servers"],
        security_protocol=config.get("security.protocol", "PLAINTEXT"),
        sasl_mechanism=config.get("sasl.mechanism", "PLAIN"),
        sasl_plain_username=config.get("sasl.username"),
        sasl_plain_password=config.get("sasl.password"),
    )
    await client.bootstrap()
    try:
        answer = await client.send(client.get_random_node(), _Alter([_entry(user, quota) for user, quota in quotas.items()]))
    finally:
        await client.close()
    for code, message, entity in answer.entries:
        if code:
            raise Problem(
                code="TL-2011",
                what=f"Kafka refused the quota of {entity[0][1]}",
                why=f"error {code}: {message}",
                fix="is the user an administrator?",
            )


def _entry(user: str, quota: Quota) -> tuple[object, object]:
    return [("user", user)], [(name, value or 0.0, value is None) for name, value in quota.items()]
