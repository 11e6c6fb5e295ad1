"""What the load generator and the ledger agree on. Nothing of the system under test."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

MARK = "Quillonstadt"
"""In every personal value that partners send: found anywhere but in their own inbound topics, it has leaked."""
TAG = "x-chaos"
"""The header by which a partner's record says what it was meant as. Nobody but the ledger reads it."""

SOURCE = "urn:chaos:ehr"
"""CloudEvents `source` of every message that has an id."""

Expected = Literal["event", "return", "quarantine"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What one record was meant as. `id` is its CloudEvents id ("" where it has none), `token` the content of an amendment."""

    n: int
    kind: str
    expected: Expected
    at: float
    reference: str = ""
    id: str = ""
    token: str = ""

    def written(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()


def intent(text: bytes) -> Intent:
    return Intent(**json.loads(text))


def connection(bootstrap: str, user: str, password: str) -> dict[str, Any]:
    """For aiokafka's clients."""
    return {
        "bootstrap_servers": bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }
