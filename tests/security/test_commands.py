"""Commands over HTTP, from the door to the decision: who, once, on which version, and every wrong answer a problem."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from contracts.kernel import Reason
from infra import commands as over_http
from infra.access import Access
from infra.http import Door, Guarded
from infra.identity import Principal
from infra.problems import Problem
from infra.service import Item, Outcome
from infra.store.port import Unavailable
from tests.runtime.accounts import Bench, asked
from tests.security.conftest import ANA, BO, Client, Rename, _read

JSON = {"content-type": "application/json"}


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


@pytest.fixture
async def opened(bench: Bench) -> Bench:
    """Account 1 exists, with a balance of 5."""
    await bench.take(asked(1, {"number": "1", "amount": 5}))
    return bench


def balance(bench: Bench) -> int:
    state = bench.state("1")
    assert state is not None
    return state.balance


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an answer that is a problem of this kind, whole and proper."""
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code and body["status"] == status and body["title"] and body["type"] == f"urn:throughline:problem:{code}"
    assert body["request"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    return body


async def test_a_command_is_decided_and_answered_with_where_to_read_it(client: Client, opened: Bench) -> None:
    answer = await client().post("/accounts/1/credit", json={"amount": 7}, headers=key())
    assert answer.status_code == 200 and answer.json() == {"subject": "account/1", "sequence": 3, "version": 2}
    assert answer.headers["etag"] == '"2"' and balance(opened) == 12


async def test_the_fact_names_who_asked_and_the_request(client: Client, opened: Bench) -> None:
    request, trace = str(uuid4()), f"00-{'a' * 32}-{'b' * 16}-01"
    headers = {**key(), "x-request-id": request, "traceparent": trace}
    await client().post("/accounts/1/credit", json={"amount": 7}, headers=headers)
    said = opened.log.rows[-1].attributes
    assert (said["authtype"], said["authid"], said["correlationid"]) == ("user", "staff/7", request)


async def test_the_same_command_again_is_answered_as_the_first_time_and_done_once(client: Client, opened: Bench) -> None:
    same = key()
    first = await client().post("/accounts/1/credit", json={"amount": 7}, headers=same)
    spaced = await client().post("/accounts/1/credit", content=b'{ "amount" : 7 }', headers={**same, **JSON})
    assert (spaced.status_code, spaced.json(), spaced.headers["etag"]) == (200, first.json(), first.headers["etag"])
    assert spaced.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    assert balance(opened) == 12


async def test_the_order_of_a_body_s_fields_makes_no_other_command(client: Client) -> None:
    same, prints = key(), []

    async def take(items: list[Item]) -> list[Outcome]:
        prints.append(items[0].message.fingerprint)
        return [Outcome("nothing")]

    for body in ({"family_name": "x", "notes": {"a": 1, "b": 2}}, {"notes": {"b": 2, "a": 1}, "family_name": "x"}, {"family_name": "x"}):
        await client(settle=take).post("/accounts", json=body, headers=same)
    assert prints[0] == prints[1] != prints[2]


async def test_the_same_command_many_times_at_once_is_done_once(client: Client, opened: Bench) -> None:
    same, caller = key(), client()
    answers = await asyncio.gather(*(caller.post("/accounts/1/credit", json={"amount": 7}, headers=same) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200} and len({answer.text for answer in answers}) == 1
    assert balance(opened) == 12


async def test_the_same_key_with_another_body_or_place_is_a_mistake(client: Client, opened: Bench) -> None:
    same = key()
    await client().post("/accounts/1/credit", json={"amount": 7}, headers=same)
    problem(await client().post("/accounts/1/credit", json={"amount": 8}, headers=same), 422, "TL-1518")
    elsewhere = await client().post("/accounts/1/overwrite", json={"amount": 7}, headers={**same, "if-match": '"2"'})
    problem(elsewhere, 422, "TL-1518")
    assert balance(opened) == 12


async def test_two_callers_may_use_the_same_key(client: Client, opened: Bench) -> None:
    same = key()
    other = Principal("staff/9", ANA.roles, ANA.organisations)
    for caller in (client(), client(principal=other)):
        assert "idempotency-replayed" not in (await caller.post("/accounts/1/credit", json={"amount": 7}, headers=same)).headers
    assert balance(opened) == 19


@pytest.mark.parametrize(
    "stated", [{}, {"idempotency-key": "short"}, {"idempotency-key": "x" * 129}, {"idempotency-key": "with blanks in between"}]
)
async def test_a_command_without_a_sound_key_is_not_taken(client: Client, opened: Bench, stated: dict[str, str]) -> None:
    problem(await client().post("/accounts/1/credit", json={"amount": 7}, headers=stated), 400, "TL-1511")
    assert balance(opened) == 5


async def test_a_version_that_is_not_the_current_one_fails_and_the_current_one_is_told(client: Client, opened: Bench) -> None:
    answer = await client().post("/accounts/1/credit", json={"amount": 7}, headers={**key(), "if-match": '"9"'})
    problem(answer, 412, "TL-1515")
    assert answer.headers["etag"] == '"1"' and balance(opened) == 5
    again = await client().post("/accounts/1/credit", json={"amount": 7}, headers={**key(), "if-match": answer.headers["etag"]})
    assert again.status_code == 200


async def test_a_stale_command_may_be_repeated_under_its_key_with_the_right_version(client: Client, opened: Bench) -> None:
    same = key()
    problem(await client().post("/accounts/1/credit", json={"amount": 7}, headers={**same, "if-match": '"9"'}), 412, "TL-1515")
    assert (await client().post("/accounts/1/credit", json={"amount": 7}, headers={**same, "if-match": '"1"'})).status_code == 200


async def test_a_command_that_overwrites_needs_the_version_it_was_decided_on(client: Client, opened: Bench) -> None:
    problem(await client().post("/accounts/1/overwrite", json={"amount": 7}, headers=key()), 428, "TL-1512")
    assert (await client().post("/accounts/1/overwrite", json={"amount": 7}, headers={**key(), "if-match": '"1"'})).status_code == 200


@pytest.mark.parametrize("stated", ["1", 'W/"1"', "*", '"1", "2"', '"x"', '"-1"', '""'])
async def test_an_etag_that_is_none_of_ours_is_refused(client: Client, opened: Bench, stated: str) -> None:
    problem(await client().post("/accounts/1/credit", json={"amount": 7}, headers={**key(), "if-match": stated}), 400, "TL-1513")


async def test_a_refusal_says_why_and_what_can_be_asked_instead(client: Client) -> None:
    body = problem(await client().post("/accounts/1/credit", json={"amount": 7}, headers=key()), 409, "TL-1516")
    assert body["errors"] == [{"code": "T-2", "pointer": "", "fix": ""}] and body["allowed"] == ["open"]


async def test_a_decision_that_fails_is_our_fault_and_shows_nothing(client: Client, opened: Bench) -> None:
    answer = await client().post("/accounts/1/credit", json={"amount": 666}, headers=key())
    problem(answer, 500, "TL-1517")
    assert "nobody may see" not in answer.text and opened.seen.failures and balance(opened) == 5


async def test_a_wrong_body_is_pointed_at_without_its_values(client: Client) -> None:
    body = {"family_name": 5, "notes": {"Zelda": "Quillfeather"}, "Quill": "Zelda"}
    answer = await client().post("/accounts", json=body, headers=key())
    errors = problem(answer, 422, "TL-1514")["errors"]
    assert {(one["code"], one["pointer"]) for one in errors} == {
        ("string_type", "/family_name"), ("int_parsing", "/notes/*"), ("extra_forbidden", "/*"),
    }  # fmt: skip
    assert "Zelda" not in answer.text and "Quill" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"amount": NaN}', b"[" * 900])
async def test_a_body_that_is_no_command_is_a_problem(client: Client, opened: Bench, body: bytes) -> None:
    problem(await client().post("/accounts/1/credit", content=body, headers={**key(), **JSON}), 422, "TL-1514")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_is_read(client: Client, kind: str) -> None:
    answer = await client().post("/accounts/1/credit", content=b'{"amount": 7}', headers={**key(), "content-type": kind})
    problem(answer, 415, "TL-1504")
    packed = await client().post("/accounts/1/credit", content=b"x", headers={**key(), **JSON, "content-encoding": "gzip"})
    problem(packed, 415, "TL-1504")


async def test_a_body_too_large_is_refused_by_its_length_and_by_what_arrives(client: Client) -> None:
    async def unsaid() -> Any:
        for _ in range(20):
            yield b" " * 100

    for content in (b" " * 1_001, unsaid()):
        problem(await client().post("/accounts/1/credit", content=content, headers={**key(), **JSON}), 413, "TL-1503")
    promised = {**key(), **JSON, "content-length": "1001"}
    problem(await client().post("/accounts/1/credit", content=b'{"amount": 7}', headers=promised), 413, "TL-1503")
    odd = await client().post("/accounts/1/credit", content=b"", headers={**key(), **JSON, "content-length": "-1"})
    problem(odd, 400, "TL-1506")


async def test_nobody_comes_in_without_a_token(client: Client) -> None:
    for headers in ({}, {"authorization": "Basic eA=="}, {"authorization": "Bearer"}, {"authorization": "Bearer x y"}):
        answer = await client(principal=None).post("/accounts/1/credit", json={"amount": 7}, headers={**key(), **headers})
        problem(answer, 401, "TL-1401")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_two_tokens_are_none(client: Client, issuer: Any) -> None:
    headers = [("authorization", f"Bearer {issuer.token(ANA)}")] * 2 + list(key().items())
    problem(await client(principal=None).post("/accounts/1/credit", json={"amount": 7}, headers=headers), 401, "TL-1401")


async def test_who_may_not_is_refused_before_anything_is_read(client: Client, opened: Bench) -> None:
    problem(await client(principal=BO).post("/accounts/1/credit", content=b"{", headers={}), 403, "TL-1402")
    assert balance(opened) == 5


async def test_an_item_of_another_organisation_and_one_that_is_not_there_look_alike(client: Client) -> None:
    stranger = Principal("staff/9", BO.roles, frozenset({"org/south"}))
    answers = [await client(principal=stranger).get(f"/accounts/{which}") for which in ("1", "2")]
    for answer in answers:
        problem(answer, 403, "TL-1402")
    assert (await client(principal=BO).get("/accounts/1")).text == "ok"


def test_a_route_without_a_rule_cannot_be_made(identity: Any) -> None:
    with pytest.raises(Problem, match="TL-1403"):
        Guarded("/x", _read, action="x", door=Door(identity, Access({})))


async def test_nothing_else_is_served(client: Client) -> None:
    for path in (
        "/",
        "/docs",
        "/docs/try",
        "/openapi.json",
        "/asyncapi",
        "/accounts/1/credit/",
        "/accounts/..%2f/credit",
        "/accounts/a%20b/credit",
    ):
        problem(await client().post(path, json={"amount": 1}, headers=key()), 404, "TL-1501")
    answer = await client().put("/accounts/1/credit", json={})
    problem(answer, 405, "TL-1502")
    assert answer.headers["allow"] == "POST"


async def test_commands_are_refused_while_facts_pile_up(client: Client, opened: Bench) -> None:
    answer = await client(pressure=True).post("/accounts/1/credit", json={"amount": 7}, headers=key())
    problem(answer, 503, "TL-1505")
    assert answer.headers["retry-after"] == "5" and balance(opened) == 5


async def test_a_database_that_is_down_is_not_the_caller_s_fault(client: Client) -> None:
    async def down(items: Any) -> Any:
        raise Unavailable("Zelda")

    answer = await client(settle=down).post("/accounts/1/credit", json={"amount": 7}, headers=key())
    problem(answer, 503, "TL-1505")
    assert answer.headers["retry-after"] == "5" and "Zelda" not in answer.text


async def test_an_answer_that_takes_too_long_is_given_up_but_the_command_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_http, "ANSWER_WITHIN_S", 0.02)
    ended: list[str] = []

    async def slow(items: list[Item]) -> list[Outcome]:
        await asyncio.sleep(0.1)
        ended.append(items[0].message.subject)
        return [Outcome("nothing")]

    problem(await client(settle=slow).post("/accounts/1/credit", json={"amount": 7}, headers=key()), 503, "TL-1505")
    await asyncio.sleep(0.15)
    assert ended == ["account/1"]


async def test_nothing_followed_because_it_was_so_already(client: Client) -> None:
    async def already(items: list[Item]) -> list[Outcome]:
        return [Outcome("nothing")]

    answer = await client(settle=already).post("/accounts/1/credit", json={"amount": 7}, headers=key())
    assert answer.json() == {"subject": "account/1", "sequence": 0, "version": 0} and "etag" not in answer.headers


async def test_reasons_of_a_refusal_are_told_whole(client: Client) -> None:
    async def refuses(items: list[Item]) -> list[Outcome]:
        return [Outcome("refused", reasons=(Reason("T-9", "/amount", "ask for less"),))]

    body = problem(await client(settle=refuses).post("/accounts/1/credit", json={"amount": 7}, headers=key()), 409, "TL-1516")
    assert body["errors"] == [{"code": "T-9", "pointer": "/amount", "fix": "ask for less"}]


async def test_what_a_command_becomes(client: Client) -> None:
    taken: list[Item] = []

    async def take(items: list[Item]) -> list[Outcome]:
        taken.extend(items)
        return [Outcome("nothing")]

    same = key()
    for _ in range(2):
        await client(settle=take).post("/accounts", json={"family_name": "Zelda"}, headers={**same, "traceparent": "nonsense"})
    first, second = taken
    assert first.kind == "command" and first.receipt == first.message.id == second.message.id
    assert first.message.subject == second.message.subject and first.message.subject.startswith("account/")
    assert isinstance(first.message.data, Rename) and first.message.data.family_name.plain == "Zelda"
    assert first.message.topic == "http:accounts" and first.message.traceparent == "" and first.message.expects is None
    assert len(first.message.fingerprint) == 64 and "Zelda" not in repr(first)


async def test_a_request_id_that_is_no_uuid_is_replaced(client: Client) -> None:
    answer = await client().get("/accounts/1", headers={"x-request-id": "Zelda Quillfeather"})
    assert "Zelda" not in json.dumps(dict(answer.headers))
