"""What a container asks its own process."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Process(BaseHTTPRequestHandler):
    """Alive, and not ready."""

    def do_GET(self) -> None:
        self.send_response({"/health/live": 200, "/health/ready": 503}[self.path])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Process)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def asked(port: int, *what: str) -> int:
    told = {**os.environ, "THROUGHLINE_HTTP_PORT": str(port)}
    return subprocess.run([sys.executable, "-m", "infra.probe", *what], env=told, capture_output=True).returncode


def test_a_process_may_be_alive_and_not_ready(port):
    assert (asked(port, "live"), asked(port, "ready"), asked(port)) == (0, 1, 1)


def test_a_process_that_does_not_answer_is_neither():
    assert asked(1, "live") == 1
