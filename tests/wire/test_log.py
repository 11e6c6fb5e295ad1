"""Whatever is logged, by us or by a library, carries nothing about a person. The planted name is Mallory."""

import asyncio
import gc
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from aiokafka.structs import TopicPartition
from pydantic import BaseModel, ValidationError

from infra import log
from infra.problems import Problem


@pytest.fixture
def out() -> Iterator[io.BytesIO]:
    root, hooks = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    stream = io.BytesIO()
    log.configure("service", "INFO", stream)
    yield stream
    assert b"Mallory" not in stream.getvalue()
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**hooks)


def lines(out: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_known_keys_are_written_and_others_only_named(out: io.BytesIO) -> None:
    structlog.get_logger().info("batch settled", topic="a-b", count=3, patient="Mallory")
    (line,) = lines(out)
    assert (line["event"], line["topic"], line["count"], line["service"], line["dropped"]) == (
        "batch settled",
        "a-b",
        3,
        "service",
        ["patient"],
    )


def test_values_are_bounded_and_structures_are_only_typed(out: io.BytesIO) -> None:
    structlog.get_logger().info(
        "x", reason="y" * 5000, name={"name": "Mallory"}, records=[1, "a", {"b": "Mallory"}], error=ValueError("Mallory")
    )
    (line,) = lines(out)
    assert len(line["reason"]) == log.TEXT_MAX + 1
    assert (line["name"], line["records"], line["error"]) == ("<dict>", [1, "a", "<dict>"], "<ValueError>")


class Person(BaseModel):
    age: int


def test_an_exception_is_its_type_its_causes_and_our_places(out: io.BytesIO) -> None:
    try:
        try:
            Person(age="Mallory")  # type: ignore[arg-type]
        except ValidationError as error:
            raise RuntimeError("Mallory") from error
    except RuntimeError as error:
        structlog.get_logger().error("not decided", exc_info=True)
        logging.getLogger("infra.somewhere").error("not decided", exc_info=error)
    for line in lines(out):
        assert (line["error"], line["causes"]) == ("RuntimeError", ["ValidationError"])


def test_a_problem_shows_its_code(out: io.BytesIO) -> None:
    structlog.get_logger().error("refused", exc_info=Problem("TL-2052", "what"))
    assert lines(out)[0]["code"] == "TL-2052"


def test_a_library_says_numbers_types_and_places_but_no_values(out: io.BytesIO) -> None:
    kafka = logging.getLogger("aiokafka.producer")
    kafka.warning("Got %s on %s, retry %d in %s", ValueError("Mallory"), TopicPartition("a-events", 3), 2, "Mallory Smith")
    kafka.error("Revoked %s for group %s", frozenset([TopicPartition("a", 1)]), "intake")
    logging.getLogger("pymongo.x").warning("document %s", {"name": "Mallory"})
    logging.getLogger("pymongo.x").warning("value %s", "Mallory")
    logging.getLogger("strange").warning("value 'Mallory' of {'name': 'Mallory'}\nMallory")
    events = [line["event"] for line in lines(out)]
    assert events[:2] == ["Got ValueError on a-events:3, retry 2 in …", "Revoked a:1 for group intake"]
    assert events[2:] == ["document …", "value …", "value … of …"]


def test_libraries_are_silent_where_they_would_log_values(out: io.BytesIO) -> None:
    log.configure("service", "DEBUG", out)
    logging.getLogger("aiokafka.producer.producer").debug("Sending (key=%s value=%s)", "Mallory", b"Mallory")
    logging.getLogger("pymongo.command").debug("Mallory")
    assert lines(out) == []


async def test_a_task_that_died_unheard_is_told_without_its_text(out: io.BytesIO) -> None:
    async def dies() -> None:
        raise ValueError("Mallory")

    task = asyncio.ensure_future(dies())
    await asyncio.sleep(0.01)
    del task
    gc.collect()
    events = [line["event"] for line in lines(out) if line.get("error") == "ValueError"]
    assert events == ["Task exception was never retrieved"]


def test_correlation_follows_the_context(out: io.BytesIO) -> None:
    with log.about(correlation="c-1", topic="t"):
        structlog.get_logger().info("ours")
        logging.getLogger("aiokafka").warning("theirs")
    structlog.get_logger().info("after")
    assert [line.get("correlation") for line in lines(out)] == ["c-1", "c-1", None]


def test_an_uncaught_exception_is_told_the_same_way(out: io.BytesIO) -> None:
    error = ValueError("Mallory")
    log._uncaught(ValueError, error, None)
    assert lines(out)[0]["error"] == "ValueError"
