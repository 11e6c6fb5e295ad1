"""`python -m deploy.tools [NAME…]`: what checks images, charts and alert rules, fetched once per user; nobody needs it to run services.

Each is pinned: Go modules by version (their checksums are verified by the Go client), Python packages by the hashes of `tools.lock`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from deploy.local import cache as caches
from deploy.local.cache import Cache, Say
from deploy.local.settings import LocalSettings
from infra.problems import Problem

GO = {
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "promtool": "github.com/prometheus/prometheus/cmd/promtool@v0.316.0",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
}
LOCK = Path(__file__).with_name("tools.lock")
PYTHON = {
    "hadolint": "bin/hadolint",
    "docker-compose": "lib/python*/site-packages/compose/docker-compose",  # its own script forgets the exit code
    "tools-python": "bin/python",
}
"""By the name we ask for: where it lies in the tools' own virtual environment."""
BUILD_SECONDS_MAX = 1800


def find(name: str, cache: Cache | None = None) -> Path | None:
    """Where that tool is, if it was fetched."""
    cache = cache or Cache(LocalSettings().cache)
    if name in PYTHON:
        directory = cache.find(_environment())
        return next(directory.glob(PYTHON[name]), None) if directory else None
    directory = cache.find(_versioned(name))
    return directory and directory / name


def fetch(cache: Cache, say: Say, wanted: Collection[str]) -> None:
    """Those (the Python ones come together). TL-2017 says which could not be fetched."""
    if PYTHON.keys() & wanted:
        cache.install(_environment(), lambda directory: _python(directory, say))
    for name in GO.keys() & wanted:
        cache.install(_versioned(name), lambda directory, name=name: _go(name, directory, say))  # type: ignore[misc]


def _versioned(name: str) -> str:
    return f"{name}-{GO[name].rpartition('@')[2]}"


def _environment() -> str:
    return f"tools-{caches.sha256(LOCK)[:12]}"


def _python(directory: Path, say: Say) -> None:
    say("fetching Python tools, once")
    final = directory.parent / _environment()  # scripts name their interpreter by its place
    _run("the Python tools", [sys.executable, "-m", "venv", str(directory)], {})
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    _run("the Python tools", [*pip, "--no-deps", "-r", str(LOCK)], {})
    for script in (directory / "bin").iterdir():
        if script.is_file() and not script.is_symlink() and b"\0" not in (text := script.read_bytes())[:1024]:
            script.write_bytes(text.replace(str(directory).encode(), str(final).encode()))


def _go(name: str, directory: Path, say: Say) -> None:
    say(f"building {GO[name]}: some minutes, once")
    if not (go := shutil.which("go")):
        raise _missing(name, "no Go on this machine")
    _run(name, [go, "install", "-p", "2", GO[name]], {"GOBIN": str(directory), "GOFLAGS": "-trimpath"})
    caches.seal(directory)


def _run(what: str, command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=BUILD_SECONDS_MAX, env={**os.environ, **environment}, cwd=Path.home()
    )
    if done.returncode:
        raise _missing(what, (done.stderr or done.stdout).strip()[-300:])


def _missing(what: str, why: str) -> Problem:
    return Problem("TL-2017", f"{what} could not be fetched", why, "install it, or leave the checks that need it skipped; they say so")


if __name__ == "__main__":
    try:
        fetch(Cache(LocalSettings().cache), lambda line: print(line, flush=True), sys.argv[1:] or (*PYTHON, *GO))
    except Problem as problem:
        raise SystemExit(str(problem)) from None
