"""The database that the store is proved on: the one of MONGO_URL, or one of this run's own, which a test may kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local import database, mongo, ports, processes
from deploy.local.cache import Cache
from deploy.local.secrets import Secrets
from deploy.local.settings import LocalSettings


class DatabaseServer:
    """One server, acknowledged means on disk, passwords on."""

    def __init__(self, directory: Path) -> None:
        settings = LocalSettings(state=directory)
        server = database.choose(settings, Cache(settings.cache), lambda line: None)
        secrets = Secrets(directory / "secrets.json")
        self.mongo = mongo.Mongo(directory / "database", server, ports.free_port(), secrets, "1G", settings.mongo_url)
        self.directory = directory
        self.child: processes.Child | None = None

    @property
    def url(self) -> str:
        return self.mongo.admin_url()

    def url_through(self, port: int) -> str:
        """The same by way of a proxy."""
        return self.url.replace(f":{self.address[1]}", f":{port}")

    @property
    def address(self) -> tuple[str, int]:
        place = urlsplit(self.url)
        return place.hostname or "127.0.0.1", place.port or 27017

    def start(self) -> None:
        self.child = mongo.start(self.mongo, self.directory / "run", self.directory / "logs")
        mongo.wait_ready(self.mongo, self.child)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if not self.child:
            pytest.skip("the server of MONGO_URL is not ours to kill")
        processes.kill(self.child)

    def stop(self) -> None:
        if self.child:
            processes.stop([self.child])


@contextmanager
def running(directory: Path) -> Iterator[DatabaseServer]:
    server = DatabaseServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()
