"""A planted name and birth date show up nowhere: not in a log, an answer, a repr, an exception or its chain, or the database."""

import io
import logging
import os
import traceback
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import uuid4

import pytest
from pydantic import Field, ValidationError, field_validator

from contracts.kernel import OUTSIDE, Command, Event, Message, Model, Personal
from infra.clock import ManualClock
from infra.commands import fingerprint, parsed
from infra.identity import Identity
from infra.sealing import open_bytes, seal, seal_bytes, unseal
from infra.vault import MemoryVault
from infra.wrapping import LocalWrapper
from tests.runtime.accounts import Bench, asked
from tests.security.conftest import Client, Rename

NAME, BORN = "Zelda Quillfeather", date(1971, 5, 23)
TRACES = ("zelda", "quillfeather", "1971-05-23", "1971, 5, 23")
KEY = os.urandom(32)


class Phone(Model):
    kind: Literal["phone"]


class Post(Model):
    kind: Literal["post"]


class Registered(Event):
    record: str
    family_name: Personal[str]
    birth_date: Personal[date]


OPEN = Registered(record="record/1", family_name=Personal(NAME), birth_date=Personal(BORN))
SEALED = seal(OPEN, "record/1", KEY)


def shown(text: str) -> list[str]:
    """Which of the planted values a text shows."""
    return [trace for trace in TRACES if trace in text.lower()]


def told(error: BaseException) -> str:
    """All that a careless handler could print of an exception: its texts, fields and chain."""
    whole, seen = "", error
    while seen is not None:
        whole += "".join(traceback.format_exception_only(seen)) + repr(seen) + repr(getattr(seen, "args", "")) + repr(vars(seen))
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return whole


@pytest.fixture(autouse=True)
def nothing_is_logged_or_warned() -> Iterator[None]:
    """Of every logger but the caller's own, at every level, with tracebacks as a careless formatter would write them."""
    written, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    handler.addFilter(lambda record: not record.name.startswith("httpx2"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    root.removeHandler(handler)
    root.setLevel(level)
    assert shown(written.getvalue()) == [] and [one for one in caught if shown(str(one.message))] == []


def test_the_planted_values_would_be_found() -> None:
    assert shown(f"{NAME} {BORN} {BORN!r}") == list(TRACES)
    assert shown(told(ValueError(NAME))) == ["zelda", "quillfeather"]
    try:
        try:
            raise ValueError(NAME)
        except ValueError:
            raise KeyError from None
    except KeyError as error:
        assert shown(told(error)) == ["zelda", "quillfeather"]


def test_no_value_shows_what_it_holds() -> None:
    message = Message("1", OPEN)
    for value in (OPEN, SEALED, unseal(SEALED, "record/1", KEY), OPEN.family_name, message):
        assert shown(f"{value!r} {value!s} {value}") == []


WRONG: dict[str, Callable[[], object]] = {
    "written before it is sealed": OPEN.model_dump_json,
    "dumped before it is sealed": OPEN.model_dump,
    "sealed without a key": lambda: seal(OPEN, "record/1", None),
    "opened without a key": lambda: unseal(SEALED, "record/1", None),
    "opened as another record's": lambda: unseal(SEALED, "record/2", KEY),
    "opened with another key": lambda: unseal(SEALED, "record/1", os.urandom(32)),
    "text where a token should be": lambda: unseal(
        Registered(record="r", family_name=Personal(sealed=NAME), birth_date=SEALED.birth_date), "r", KEY
    ),
    "of the wrong type": lambda: seal(OPEN.model_copy(update={"birth_date": Personal(NAME)}), "record/1", KEY),
    "not writable at all": lambda: seal(OPEN.model_copy(update={"family_name": Personal(Exception(NAME))}), "record/1", KEY),
    "of another type than it was sealed as": lambda: unseal(
        SEALED.model_copy(update={"birth_date": seal(Other(birth_date=Personal(NAME)), "record/1", KEY).birth_date}), "record/1", KEY
    ),
    "wrong input from outside": lambda: Registered.model_validate(
        {"record": 1, "family_name": [NAME], "birth_date": NAME}, context=OUTSIDE
    ),
    "plain where it must be sealed": lambda: Registered.model_validate({"record": "r", "family_name": NAME, "birth_date": str(BORN)}),
    "plain JSON where it must be sealed": lambda: Registered.model_validate_json(f'{{"record": "r", "family_name": "{NAME}"}}'),
    "a command with a wrong field": lambda: parsed(
        Rename, f'{{"family_name": ["{NAME}"], "{NAME}": 1, "notes": {{"{NAME}": "{BORN}"}}}}'.encode()
    ),
    "a command that is no JSON": lambda: parsed(Rename, f'{{"family_name": "{NAME}'.encode()),
    "a command whose rule quotes it": lambda: parsed(Careless, f'{{"name": "{NAME}"}}'.encode()),
    "a command that chooses by what it holds": lambda: parsed(Careless, f'{{"how": {{"kind": "{NAME}"}}}}'.encode()),
    "raw bytes under another label": lambda: open_bytes(seal_bytes(NAME.encode(), KEY, "a"), KEY, "b"),
    "raw bytes that were never sealed": lambda: open_bytes(NAME.encode(), KEY, "a"),
}


class Careless(Command):
    """A rule that quotes what it was given, and a choice by a field of the input, which the library quotes."""

    name: str = ""
    how: Annotated[Phone | Post, Field(discriminator="kind")] | None = None

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        raise ValueError(f"{name} is too long")


class Other(Event):
    birth_date: Personal[str]


@pytest.mark.parametrize("what", WRONG)
def test_no_exception_shows_the_value_not_even_in_its_chain(what: str) -> None:
    with pytest.raises(Exception) as caught:
        WRONG[what]()
    assert shown(told(caught.value)) == []
    if isinstance(caught.value, ValidationError):
        assert shown(str(caught.value)) == []


def test_a_fingerprint_cannot_be_guessed_from_the_body_alone() -> None:
    body = f'{{"family_name": "{NAME}"}}'.encode()
    assert fingerprint(str(uuid4()), "/accounts", body) != fingerprint(str(uuid4()), "/accounts", body)


async def test_no_token_shows_what_it_claims(identity: Identity) -> None:
    for token in (NAME, f"{NAME}.{BORN}.x", "e30.e30.e30"):
        with pytest.raises(Exception) as caught:
            await identity.verify(token)
        assert shown(told(caught.value)) == []


async def test_blind_keys_and_vault_rows_show_nothing(clock: ManualClock) -> None:
    vault = MemoryVault(LocalWrapper(KEY), clock)
    await vault.open(create=True)
    assert shown(vault.blind("name", NAME, str(BORN)) + repr(vault.rows)) == []


async def test_no_answer_and_no_log_of_the_whole_way_shows_it(client: Client, bench: Bench) -> None:
    await bench.take(asked(1, {"number": "1", "holder": NAME, "amount": 5}))
    headers: dict[str, Any] = {"idempotency-key": str(uuid4()), "x-request-id": NAME, "traceparent": NAME}
    body = {"family_name": NAME, "notes": {NAME: str(BORN)}, NAME: 1}
    answers = [
        await client().post("/accounts", json=body, headers=headers),
        await client().post("/accounts", json={"family_name": NAME}, headers=headers),
        await client().post(f"/accounts/{NAME}/credit", json={"amount": 1}, headers=headers),
        await client().post("/accounts/1/credit", json={"amount": NAME}, headers={**headers, "if-match": NAME}),
        await client().post("/accounts/1/credit", json={"amount": 666}, headers=headers),
        await client().post("/accounts/1/credit", json={"amount": 666}, headers={**headers, "idempotency-key": f"{NAME} {BORN}"}),
        await client(principal=None).get(f"/accounts/1?name={NAME}", headers={"authorization": f"Bearer {NAME}"}),
        await client().get("/broken/1"),
    ]
    assert [answer.status_code for answer in answers] == [422, 500, 404, 400, 500, 400, 401, 500]
    for answer in answers:
        assert shown(answer.text + repr(answer.headers)) == []
    assert shown(repr(bench.tables.__dict__ if hasattr(bench.tables, "__dict__") else bench.tables) + repr(bench.log.rows)) == []
