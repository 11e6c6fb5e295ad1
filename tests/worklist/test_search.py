"""Finding a person: by the beginning of a name in any spelling, by birth date, by number; of one's own alone; and no name in the clear."""

import re
from datetime import date, timedelta

import pytest

from contracts.intake import RecordAmended, RecordLinked
from contracts.kernel import Personal
from contracts.partners import PersonDetails
from infra.sealing import seal
from infra.store.port import Unavailable
from services.worklist.finding import asked, birth_date, marks_of, sought, words_of
from tests.worklist.scene import Scene
from tests.worklist.stories import Log, opened, received
from tests.worklist.test_console import AUDITOR, ELSEWHERE, HOSPITAL, KIM, RIVERBEND, ROBIN, browser


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def found(scene, principal, text: str) -> list[str]:
    """The people on the page that a search leads to, by their records."""
    async with browser(scene, principal) as somebody:
        answer = await somebody.post("/search", data={"q": text})
        assert answer.status_code == 303 and not _shown(text, answer.headers["location"])
        page = await somebody.get(answer.headers["location"])
    return re.findall(r'class="open" href="/people/record/([^"]+)"', page.text) if page.status_code == 200 else [page.headers["location"]]


def _shown(text: str, address: str) -> list[str]:
    """Words that can be read in an address. Two or three letters are in any sealed text now and then."""
    return [word for word in text.split() if len(word) > 4 and word in address]


# — what is compared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Élodie", ("elodie",)), ("ELODIE  elodie", ("elodie",)), ("O’Brien-Núñez", ("obrien", "nunez")), ("Müller", ("muller",)),
        ("Straße", ("strasse",)), ("Łukasz Sørensen", ("lukasz", "sorensen")), ("İpek", ("ipek",)), ("Nguyễn Thị", ("nguyen", "thi")),
        ("李 小明", ("李", "小明")), ("", ()), ("—", ()),
    ],
)  # fmt: skip
def test_accents_case_hyphens_and_apostrophes_make_no_difference(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("word", "at"),
    [*((word, date(1990, 5, 3)) for word in ("1990-05-03", "5/3/1990", "05-03-1990", "3.5.1990")),
     *((word, None) for word in ("13/13/1990", "RIVE-1002", "1990"))],
)  # fmt: skip
def test_a_birth_date_is_read_as_it_is_usually_written(word, at):
    assert birth_date(word) == at


def test_what_was_typed_is_told_apart():
    assert sought("garcia 5/3/1990").by == ("born", "name") and sought("RIVE-1002").by == ("number",)
    assert sought("Ottilie").by == ("name", "number") and sought("garc mar").by == ("name",) and sought("  ").by == ()


@pytest.mark.parametrize(
    ("typed", "names", "is_found"),
    [
        ("garcia", ("María", "García López"), True), ("gar", ("María", "García"), True), ("garcia m", ("María", "García"), True),
        ("ma garcia", ("María", "García"), True), ("mo garcia", ("María", "García"), False), ("lop gar", ("María", "García López"), True),
        ("garzia", ("María", "García"), False), ("li wei", ("Wei", "Li"), True), ("li", ("Wei", "Li"), True), ("li", ("Lin", "Ng"), False),
        ("christopherson", ("Ann", "Christophersen"), True), ("ann c", ("Ann", "Christophersen"), True), ("ann b", ("Ann", "Chase"), False),
    ],
)  # fmt: skip
def test_a_name_is_found_by_its_beginning_in_any_order_and_by_no_other(typed, names, is_found):
    def whole(*parts: str) -> str:  # of which nothing is cut off
        return f"{hash(parts):012x}"[-12:]

    held, wanted = set(marks_of(names, None, whole)), asked(sought(typed), whole)
    assert bool(wanted and set(wanted) <= held) == is_found


# — who finds whom


@pytest.mark.parametrize(
    ("text", "records"),
    [("elodie", ["3"]), ("SAMPLEFORD él", ["3"]), ("testperson", ["7", "1"]), ("testp ott", ["1"]), ("testperson 5/7/1990", ["7"]),
     ("1990-05-02", ["2"]), ("testperson 1990-05-02", []), ("žž", []), ("nobody", [])],
)  # fmt: skip
async def test_a_coordinator_finds_whoever_is_there(scene, text, records):
    assert sorted(await found(scene, ROBIN, text)) == sorted(records)


async def test_a_desk_and_a_partner_find_whom_they_have_and_nobody_else(scene):
    assert await found(scene, KIM, "testperson") == ["7", "1"]
    assert await found(scene, HOSPITAL, "ottilie") == ["1"]
    for principal in (ELSEWHERE, RIVERBEND, AUDITOR):
        assert await found(scene, principal, "testperson") == [], principal


async def test_a_number_is_found_as_the_sender_and_as_the_console_writes_it(scene):
    log = Log()
    log.say("request/9f27aKq4Zp", received("9f27aKq4Zp", reference="OWN-7"), 1)
    await scene.hear(log)
    assert await found(scene, ROBIN, "RIVE-1002") == ["/items/referral/2"] == await found(scene, ROBIN, "rive-1002")
    assert await found(scene, ROBIN, "aKq4Zp") == ["/items/referral/9f27aKq4Zp"]
    assert await found(scene, ELSEWHERE, "RIVE-1002") == []


async def test_a_name_that_is_amended_is_found_under_the_new_one_alone(scene):
    key = (await scene.vault.keys(["record/2"]))["record/2"]
    said = seal(PersonDetails(family_name=Personal("Newname")), "record/2", key)
    log = Log()
    log.say("record/2", RecordAmended(record="record/2", details=PersonDetails()), 1)
    log.say("record/2", RecordAmended(record="record/2", details=said), 2)
    await scene.hear(log)
    assert await found(scene, ROBIN, "newn bo") == ["2"] and await found(scene, ROBIN, "exampleton bo") == []


async def test_records_of_one_person_are_one_row(scene):
    log = Log()
    assert len(await found(scene, ROBIN, "exampleton")) == 2
    for minutes in (1, 2):  # its first is known already
        log.say("record/8", RecordLinked(person="person/2", left="person/8", by="steward"), minutes)
    await scene.hear(log)
    assert len(await found(scene, ROBIN, "exampleton")) == 1


async def test_whoever_was_erased_is_found_no_more(scene):
    await scene.vault.erase("record/3")
    assert await found(scene, ROBIN, "elodie") == []


# — what is kept of it


async def test_a_search_is_a_reading_of_whom_it_showed_and_says_by_what_it_was_and_never_what_for(scene):
    await found(scene, ROBIN, "testp ott 5/1/1990")
    await found(scene, ROBIN, "nobody")
    asked_, shown, again, nobody = scene.book.said
    assert (asked_["page"], asked_["records"], asked_["filters"]) == ("/search", [], [])
    assert (shown["records"], shown["whole"], shown["filters"]) == (["record/1"], True, ["born", "name"])
    assert (again["records"], nobody["records"], nobody["filters"]) == ([], [], ["name", "number"])
    assert not any(re.search(rb"(?i)testp|ottil|nobody|1990", row.data) for row in scene.book.rows)


async def test_no_name_lies_in_the_clear_on_the_board_or_in_an_address(scene):
    records = [one for one in scene.board.stored.values() if one["kind"] == "record"]
    assert not re.search("(?i)sampl|lodie|1990", repr(records))
    marks = [mark for one in records for mark in one["marks"]]
    assert len(marks) > 60 and all(re.fullmatch(r"[\w-]{12}|#\w+", mark) for mark in marks)
    async with browser(scene) as robin:
        places = [(await robin.post("/search", data={"q": "Sampleford"})).headers["location"] for _ in range(2)]
        assert places[0] != places[1] and all(re.fullmatch(r"/search\?for=[\w=-]+", place) for place in places)
        assert "Nobody is looked for" in (await robin.get("/search?q=Sampleford")).text


async def test_the_address_of_a_search_opens_for_whoever_searched_and_for_a_quarter_of_an_hour(scene, monkeypatch):
    async with browser(scene) as robin, browser(scene, KIM) as kim:
        place = (await robin.post("/search", data={"q": "Elodie"})).headers["location"]
        assert "Élodie" in (await robin.get(place)).text
        for wrong in (place[:-9], place.replace("?for=", "?for=A"), "/search?for=!!"):
            assert "Nobody is looked for" in (await robin.get(wrong)).text
        assert "Élodie" not in (await kim.get(place)).text and "Elodie" not in (await kim.get(place)).text
        now = scene.clock.wall()
        monkeypatch.setattr(scene.clock, "wall", lambda: now + timedelta(minutes=16))
        assert "Elodie" not in (await robin.get(place)).text


async def test_the_board_goes_on_without_the_vault_and_marks_what_it_could_not(scene, monkeypatch):
    async def away(*_, **__):
        raise Unavailable("away")

    real, log = scene.vault.keys, Log()
    key = (await real(["record/77"], create=True))["record/77"]
    said = PersonDetails(given_name=Personal("Zoë"), family_name=Personal("Late"))
    log.say("record/77", opened("record/77", seal(said, "record/77", key)), 1)
    monkeypatch.setattr(scene.vault, "keys", away)
    await scene.hear(log)
    monkeypatch.setattr(scene.vault, "keys", real)
    assert scene.board.stored["record/77"]["unmarked"] and await found(scene, ROBIN, "zoe") == []
    await scene.marking.again()
    assert await found(scene, ROBIN, "zoe") == ["77"] and "unmarked" not in scene.board.stored["record/77"]
