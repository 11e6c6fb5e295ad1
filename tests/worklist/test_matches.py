"""Who may be known already, told while a new referral is typed: to whom may see them, and with no name in the clear."""

import re

import pytest

from tests.worklist.scene import Scene
from tests.worklist.test_console import AUDITOR, KIM, ROBIN, browser

AT = "/new/matches"


@pytest.fixture
async def scene(tmp_path):
    return await Scene(tmp_path).play()


async def matched(scene, principal=ROBIN, **typed: str) -> list[str]:
    async with browser(scene, principal, **{"hx-request": "true"}) as somebody:
        answer = await somebody.post(AT, data={f"person.{name}": value for name, value in typed.items()})
    assert answer.status_code == 200 and "<html" not in answer.text
    return re.findall(r'href="/people/record/([^"]+)"', answer.text)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"family_name": "Sampleford", "given_name": "Elo"}, ["3"]),
        ({"family_name": "sampl", "birth_date": "1990-05-03"}, ["3"]),
        ({"family_name": "Testperson", "given_name": "J"}, ["7"]),
        ({"family_name": "Exampleton", "given_name": "Zed"}, []),
        ({"family_name": "Testperson"}, []),  # one alone is too many people
        ({"birth_date": "1990-05-03"}, []),
        ({"family_name": "", "given_name": ""}, []),
        ({"family_name": "Testperson", "birth_date": "not yet"}, []),
    ],
)
async def test_two_of_name_name_and_birth_date_tell_who_may_be_known(scene, typed, found):
    assert await matched(scene, **typed) == found


async def test_at_most_five_are_shown_and_it_says_that_there_may_be_more(scene, monkeypatch):
    monkeypatch.setattr("services.worklist.matches.SHOWN", 1)
    async with browser(scene, **{"hx-request": "true"}) as robin:
        said = {"person.family_name": "Testperson", "person.given_name": "Ottilie Jonas"}
        assert "There may be more" not in (await robin.post(AT, data=said)).text
    scene.seen.clear()
    monkeypatch.setattr("services.worklist.matches.NEEDED", 1)
    async with browser(scene, **{"hx-request": "true"}) as robin:
        page = (await robin.post(AT, data={"person.family_name": "Testperson"})).text
    assert page.count("/people/record/") == 1 and "There may be more" in page
    assert [len(records) for _, _, records in scene.seen] == [1]  # whom nobody is shown nobody opened


async def test_only_who_may_enter_a_referral_is_told(scene):
    for principal in (KIM, AUDITOR):
        async with browser(scene, principal) as somebody:
            assert (await somebody.post(AT, data={"person.family_name": "Sampleford"})).status_code == 403


async def test_who_was_shown_is_written_down_by_what_was_typed_and_never_what(scene, caplog):
    await matched(scene, family_name="Sampleford", given_name="Élodie")
    said = [record.value for record in scene.book.records]
    assert any(b'"page":"/new/matches"' in one and b'"records":["record/3"]' in one and b'"filters":["name"]' in one for one in said)
    assert not any(b"ampleford" in one for one in said) and "ampleford" not in caplog.text


async def test_the_form_asks_by_itself_and_no_other_form_does(scene):
    async with browser(scene) as robin:
        new, other = (await robin.get("/new")).text, (await robin.get("/do/log-contact/referral/8")).text
    assert new.count("data-known-by") == 3 + 2 and 'hx-post="/new/matches"' in new and "known-by" not in other
