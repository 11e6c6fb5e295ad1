"""Which database server a local run uses, and how each kind is started."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local import cache as caches
from deploy.local.cache import Cache, Say
from deploy.local.settings import LocalSettings
from infra.problems import Problem

CRATE, CRATE_VERSION = "secantus-mdb", "0.5.3-beta.193"
BUILD_SECONDS_MAX = 3600
PROGRESS_SECONDS = 15


@dataclass(frozen=True)
class Server:
    """A kind of server found on this machine. `kind` is external, mongod, secantus-rs or secantus-py."""

    kind: str
    program: Path | None = None

    def command(self, data: Path, port: int, page_cache: str, auth: bool = True) -> list[str]:
        """How to start it on loopback. Acknowledged means on disk, and nobody gets in without a password."""
        if self.kind == "mongod":
            return [str(self.program), "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(data), "--replSet", "local",
                    "--keyFile", str(data.parent / "key"), "--wiredTigerCacheSizeGB", _gigabytes(page_cache)]  # fmt: skip
        return [str(self.program), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(data), "--cache-size", page_cache,
                "--sync-on-commit", "--log-level", "WARNING", *(["--auth"] if auth else [])]  # fmt: skip


def _gigabytes(size: str) -> str:
    """`512M` → `0.5`; mongod takes no less than a quarter."""
    number = int(size[:-1]) / (1024 if size[-1] == "M" else 1)
    return f"{max(number, 0.25):g}"


def choose(settings: LocalSettings, cache: Cache, say: Say) -> Server:
    """The server to use, fetched or built when needed. TL-2005 when this machine can run none.

    In order: the one of `MONGO_URL`; `mongod` on PATH; the Rust server, from the cache or built by cargo once; the same in Python.
    """
    if settings.mongo_url:
        return Server("external")
    ways: dict[str, Callable[[], Path]] = {
        "mongod": _mongod,
        "secantus-rs": lambda: _secantus_rs(cache, say),
        "secantus-py": _secantus_py,
    }
    failures = []
    for kind, find in ways.items():
        if settings.database not in ("auto", kind):
            continue
        try:
            server = Server(kind, find())
        except (LookupError, OSError, subprocess.SubprocessError) as failure:
            failures.append(f"{kind}: {failure.args[0] if failure.args else failure}")
            continue
        if failures and kind == "secantus-py":
            say(f"database: the Python server, 4 to 7 times slower ({'; '.join(failures[1:])})")
        return server
    raise Problem(
        code="TL-2005",
        what="No database server can be run on this machine",
        why="; ".join(failures),
        fix="set MONGO_URL, or put mongod on PATH, or install Rust's cargo, or: pip install 'throughline[local]'",
    )


def _mongod() -> Path:
    if not (found := shutil.which("mongod")):
        raise LookupError("not on PATH")
    return Path(found)


def _secantus_py() -> Path:
    if not find_spec("secantus"):
        raise LookupError("the package secantusdb is not installed")
    program = Path(sys.executable).with_name("secantusd-py")
    if not program.is_file():
        raise LookupError(f"no secantusd-py beside {sys.executable}")
    return program


def _secantus_rs(cache: Cache, say: Say) -> Path:
    directory = cache.find(f"{CRATE}-{CRATE_VERSION}") or _build(cache, say)
    caches.verify(directory, caches.sealed(directory))
    return directory / "bin" / "secantusd-rs"


def _build(cache: Cache, say: Say) -> Path:
    if not (cargo := shutil.which("cargo")):
        raise LookupError("not in the cache, and no cargo to build it with")

    def build(directory: Path) -> None:
        say(f"building the database server {CRATE} {CRATE_VERSION} with cargo: four to five minutes, once")
        target = directory / "target"
        command = [cargo, "install", CRATE, "--version", CRATE_VERSION, "--locked", "--ignore-rust-version", "--root", str(directory)]
        log = cache.root / f"{CRATE}-build.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "CARGO_TARGET_DIR": str(target)})
            try:
                _watch(process, log, say)
            finally:
                process.kill()
                process.wait()
        if process.returncode:
            raise LookupError(f"cargo failed, see {log}")
        shutil.rmtree(target, ignore_errors=True)
        caches.seal(directory)

    return cache.install(f"{CRATE}-{CRATE_VERSION}", build)


def _watch(process: subprocess.Popen[bytes], log: Path, say: Say) -> None:
    started = time.monotonic()
    while True:
        try:
            process.wait(timeout=PROGRESS_SECONDS)
            return
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - started
            say(f"  {log.read_bytes().count(b'Compiling ')} crates compiled, {seconds:.0f} s")
            if seconds > BUILD_SECONDS_MAX:
                raise LookupError(f"cargo took over {BUILD_SECONDS_MAX} s, see {log}") from None
