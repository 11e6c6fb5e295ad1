"""Generated passwords of one run, in one file that only its owner can read."""

import fcntl
import json
import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD_BYTES = 24
KEY_BYTES = 32


@dataclass(frozen=True)
class Secrets:
    """Passwords by name, such as `kafka/svc-intake` and `mongo/svc-intake`; made when first asked for, kept until forgotten.

    They go to the engines through files of mode 0600 and over authenticated connections, never through a command line.
    """

    path: Path

    def password(self, name: str) -> str:
        return self.passwords([name])[name]

    def key(self, name: str) -> str:
        """256 random bits as base64."""
        return self.passwords([name], lambda: b64encode(secrets.token_bytes(KEY_BYTES)).decode())[name]

    def passwords(self, names: Iterable[str], make: Callable[[], str] = lambda: secrets.token_urlsafe(PASSWORD_BYTES)) -> dict[str, str]:
        """Many in one reading and one writing of the file."""
        names = list(names)
        known = self._read()
        if all(name in known for name in names):
            return {name: known[name] for name in names}
        with self._locked():
            known = self._read()
            for name in names:
                known.setdefault(name, make())
            self._write(known)
        return {name: known[name] for name in names}

    def forget(self, names: Iterable[str]) -> None:
        """The next asking makes a new one."""
        with self._locked():
            gone = set(names)
            self._write({name: password for name, password in self._read().items() if name not in gone})

    def _read(self) -> dict[str, str]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def _write(self, known: dict[str, str]) -> None:
        write_private(self.path, json.dumps(known, indent=1, sort_keys=True))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by nobody else at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
