"""The stage that runs the compose file: what it says where it cannot, and that its ledger notices."""

import pytest

from tests.containers import __main__ as stage
from tests.containers import engine, images
from tests.containers.trial import Ledger


def test_where_no_engine_can_start_it_says_so_loudly_and_is_no_failure(monkeypatch, capsys):
    def none():
        raise engine.NoEngine("only root can start a container engine")

    monkeypatch.setattr(engine, "programs", none)
    assert stage.main() == 0
    assert "SKIPPED, NOT RUN: only root can start a container engine" in capsys.readouterr().out


def test_an_engine_needs_root(monkeypatch):
    monkeypatch.setattr(engine.os, "geteuid", lambda: 1000)
    with pytest.raises(engine.NoEngine, match="only root"):
        engine.programs()


def test_the_ledger_notices_what_was_not_answered_and_what_was_answered_twice():
    ledger = Ledger("password", sent={"C-1", "C-2", "C-3"})
    ledger.told["C-1"] |= {"one"}
    ledger.told["C-2"] |= {"one", "another"}
    assert (ledger.unanswered, ledger.twice) == ({"C-3"}, {"C-2"})


def test_every_image_that_is_stood_in_for_is_named_in_the_environment_file():
    assert {"PYTHON_IMAGE", "KAFKA_IMAGE", "MONGO_IMAGE"} <= images.versions().keys()
    assert all(":" in name and not name.endswith(":latest") for name in images.versions().values())
