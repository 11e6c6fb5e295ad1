"""The cache without any engine: whole or not at all, one at a time."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local import cache as caches
from deploy.local import processes
from deploy.local.cache import Cache
from deploy.local.secrets import Secrets
from deploy.local.settings import LocalSettings
from infra.problems import Problem


def test_a_build_that_fails_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def half(directory: Path) -> None:
        (directory / "file").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.install("thing-1", half)
    assert cache.find("thing-1") is None
    (tmp_path / ".thing-1-killed").mkdir()  # what a killed process leaves
    cache.install("thing-1", lambda directory: (directory / "file").write_text("whole") and None)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["thing-1", "thing-1.lock"]


def test_two_at_once_build_it_once(tmp_path: Path) -> None:
    built: list[Path] = []
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda _: Cache(tmp_path).install("thing-1", built.append), range(8)))
    assert len(built) == 1
    assert set(found) == {tmp_path / "thing-1"}


def test_what_was_built_here_is_checked_against_its_own_list(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "server").write_text("as built")
    caches.seal(tmp_path)
    caches.verify(tmp_path, caches.sealed(tmp_path))
    (tmp_path / "bin" / "server").write_text("changed")
    with pytest.raises(Problem, match="TL-2004 bin/server is not the file"):
        caches.verify(tmp_path, caches.sealed(tmp_path))


def test_passwords_are_kept_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets.json")
    first = secrets.password("kafka/svc-intake")
    assert Secrets(tmp_path / "secrets.json").password("kafka/svc-intake") == first
    assert len({first, secrets.password("mongo/svc-intake"), secrets.key("vault/kek")}) == 3
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    secrets.forget(["kafka/svc-intake"])
    assert secrets.password("kafka/svc-intake") != first


def test_directories_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THROUGHLINE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert LocalSettings().cache == tmp_path / "xdg" / "throughline"
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path / "own"))
    assert LocalSettings().cache == tmp_path / "own"


def test_a_log_is_cut_under_a_process_that_still_writes_it(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 1000)
        writer.flush()
        processes.shorten(log, bytes_max=100)
        writer.write(b"after")
        writer.flush()
    assert log.read_bytes() == b"after"
    assert (tmp_path / "x.log.1").stat().st_size == 100
