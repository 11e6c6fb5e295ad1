"""What is fetched once per user: installed whole or not at all, by one process at a time, and checked before every use."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.problems import Problem

Say = Callable[[str], None]
"""Where progress goes; one line, no personal data, no secrets."""

MANIFEST = "SHA256SUMS"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(directory: Path, expected: Mapping[str, str]) -> None:
    """Every file named in `expected` (relative name → SHA-256) is there and is what it was. TL-2004 otherwise."""
    for name, digest in expected.items():
        path = directory / name
        found = sha256(path) if path.is_file() else None
        if found != digest:
            raise Problem(
                code="TL-2004",
                what=f"{name} is {'missing' if found is None else 'not the file that was expected'}",
                where=str(directory),
                why=f"SHA-256 should be {digest}" + (f", is {found}" if found else ""),
                fix="remove that directory and run the command again; if the fetch itself brings the wrong file, "
                "clear it from the package client's own cache too, and trust neither until you know why",
            )


def seal(directory: Path) -> None:
    """Write down what was installed, for things that are built here and so have no checksum known beforehand."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != MANIFEST)
    lines = [f"{sha256(path)}  {path.relative_to(directory)}\n" for path in files]
    (directory / MANIFEST).write_text("".join(lines))


def sealed(directory: Path) -> dict[str, str]:
    manifest = directory / MANIFEST
    lines = manifest.read_text().splitlines() if manifest.is_file() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


@dataclass(frozen=True)
class Cache:
    """A directory of finished installations, each under a name that carries its version."""

    root: Path

    def find(self, name: str) -> Path | None:
        """The installation of that name, when it is there whole."""
        path = self.root / name
        return path if path.is_dir() else None

    def install(self, name: str, build: Callable[[Path], None]) -> Path:
        """The installation of that name; `build` fills an empty directory with it when there is none.

        Two processes asking at once build it once. A build that raises, or is killed, leaves nothing that `find` could see.
        """
        with self._one_at_a_time(name):
            if found := self.find(name):
                return found
            for leftover in self.root.glob(f".{name}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self.root))
            try:
                build(draft)
                draft.chmod(0o755)
                draft.rename(self.root / name)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            return self.root / name

    @contextmanager
    def _one_at_a_time(self, name: str) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # freed by the system when the holder dies, however it dies
            yield
