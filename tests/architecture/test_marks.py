"""Measured parts of docs are written by what measured them, between two marks."""

from pathlib import Path

from tests import marks


def test_a_part_takes_the_place_of_the_one_before_it_and_leaves_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n<!-- speed:begin -->\nold\n<!-- speed:end -->\n\nThe rest.\n")
    marks.write(page, "speed", marks.table(("what", "how much"), [("events", "7")]))
    assert page.read_text() == (
        "# A page\n\n<!-- speed:begin -->\n| what | how much |\n| --- | --- |\n| events | 7 |\n<!-- speed:end -->\n\nThe rest.\n"
    )


def test_a_part_that_is_new_comes_last(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n")
    marks.write(page, "races", "none")
    marks.write(page, "races", "some")
    assert page.read_text() == "# A page\n\n<!-- races:begin -->\nsome\n<!-- races:end -->\n"


def test_every_mark_that_is_opened_is_closed() -> None:
    for page in (marks.RELIABILITY, marks.NOTIFICATION):
        text = page.read_text("utf-8")
        assert text.count(":begin -->") == text.count(":end -->") > 0


def test_whoever_writes_the_rest_of_a_page_keeps_its_parts(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n<!-- speed:begin -->\nfast\n<!-- speed:end -->\n\nThe rest.\n\n<!-- growth:begin -->\nnone\n<!-- growth:end -->\n"
    )
    assert marks.kept(page) == "<!-- speed:begin -->\nfast\n<!-- speed:end -->\n\n<!-- growth:begin -->\nnone\n<!-- growth:end -->"
    assert marks.kept(tmp_path / "no-page.md") == ""
