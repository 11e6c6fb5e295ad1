"""The same of a process that really runs: what it is told of a person reaches no mail, log, metric, trace or fact of its own."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.notification.lateness import TOPIC, overdue
from tests.notification.live import Live, People
from tests.notification.postman import Postman
from tests.notification.test_nothing_personal import BORN, DIAGNOSIS, NAME, TRACES, shown

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]
SECONDS_MAX = 90
KEPT = f"00-{'a' * 32}-{'b' * 16}-01"


class Collector:
    """Takes traces over HTTP and keeps what came."""

    def __init__(self) -> None:
        self.bodies = bodies = list[bytes]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()


def until(so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not so():
        assert time.monotonic() < deadline, f"not within {SECONDS_MAX} s: {what}"
        time.sleep(0.2)


def said(live: Live) -> str:
    """Every record of notification's own topic, headers included."""
    consumer = Consumer({**live.engines.kafka_config("admin"), "group.id": "admin.personal", "enable.auto.commit": False})
    places = consumer.list_topics("notification-events", timeout=30).topics["notification-events"].partitions
    consumer.assign([TopicPartition("notification-events", place, 0) for place in places])
    found = []
    while records := consumer.consume(500, timeout=2.0):
        found += [repr((one.key(), one.value(), one.headers())) for one in records]
    consumer.close()
    return "".join(found)


def test_what_a_process_is_told_of_a_person_is_in_nothing_that_leaves_it(tmp_path: Path, collector: Collector) -> None:
    endpoint = f"http://127.0.0.1:{collector.server.server_address[1]}"
    told = {"log_level": "DEBUG", "trace_endpoint": endpoint, "trace_sampling_ratio": "1"}
    with Live(tmp_path, People(4, 2), Postman(), told) as live:
        person = {"name": NAME, "birth_date": BORN, "diagnosis": DIAGNOSIS, "citation": DIAGNOSIS}
        fact = overdue(live.people.person(0), live.clock.now()).model_dump(mode="json", exclude_none=True)
        by = {"authtype": "user", "authid": NAME, "traceparent": KEPT}
        live.put(TOPIC, "care/1", "care.overdue.v1", json.dumps({**fact, **person}).encode(), **by)
        live.put(TOPIC, "care/2", "care.overdue.v1", json.dumps({**fact, "action": person, "due": NAME}).encode(), traceparent=KEPT)
        live.put(TOPIC, "care/3", "care.overdue.v1", f"{NAME} {BORN} {DIAGNOSIS}".encode(), traceparent=KEPT)
        with pytest.raises(RuntimeError):
            live.post("/v1/people/0/contacts", {"contacts": [{"channel": "email", "address": f"{NAME} has {DIAGNOSIS}"}], "home": BORN})
        live.producer.flush(30)
        until(lambda: live.postman.taken, "a mail")
        facts = ""
        deadline = time.monotonic() + SECONDS_MAX
        while facts.count("input.quarantined.v1") < 2 and time.monotonic() < deadline:
            facts = said(live)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{live.port(0)}/metrics", timeout=10).read().decode()
        until(lambda: collector.bodies, "a trace")
        logs, mails = live.children[0].log, [one.raw.decode() for one in live.postman.taken.values()]
    log, traces = logs.read_text(), b"".join(collector.bodies).decode(errors="replace")
    assert "input.quarantined.v1" in facts and "throughline_errands_total" in metrics and "handed to email" in log and TOPIC in traces
    assert {name: shown(text) for name, text in (("facts", facts), ("metrics", metrics), ("log", log), ("traces", traces))} == {
        "facts": [], "metrics": [], "log": [], "traces": [],
    }  # fmt: skip
    assert [shown(mail) for mail in mails] == [[]] and set(shown(json.dumps(person))) == set(TRACES)
    mailed = live.people.address(live.people.person(0))
    assert mailed.partition("@")[0] not in log + metrics + traces + facts, "an address is personal, too"
