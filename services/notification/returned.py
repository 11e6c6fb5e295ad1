"""Mail that came back. Each notice is sent from an address of its own, so that what comes back to it says which one did not arrive.

Only a delivery status notification (RFC 3464) that says `failed` is one. An answer of a person, a note that somebody is away, a delay, or
anything else that comes to such an address is nobody's, and is not read.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from typing import Literal, NamedTuple

ADDRESSED = ("to", "delivered-to", "x-original-to", "envelope-to")
NO_SUCH_ADDRESS = re.compile(r"5\.(1\.\d+|2\.1)\b")
"""RFC 3463: the address is wrong, or its mailbox is closed. Whatever else is final about one message says nothing of the next."""
NOTICE = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Undelivered(NamedTuple):
    """A notice, and whether the address takes nothing at all."""

    notice: str
    reason: Literal["bounced", "undelivered"]


def return_address(notice: str, returns: str) -> str:
    """Where mail about this notice comes back to: an id that says nothing to anybody else, after the `+` of `returns`."""
    name, _, domain = returns.rpartition("@")
    return f"{name}+{notice}@{domain}"


def undelivered(raw: bytes, returns: str) -> Undelivered | None:
    """What a mail that came back says; None for anything that says no such thing."""
    mail = message_from_bytes(raw)
    notice = _notice(mail, returns)
    failed = [block for block in _reports(mail) if str(block.get("action", "")).strip().lower() == "failed"]
    if not notice or not failed:
        return None
    gone = any(NO_SUCH_ADDRESS.match(str(block.get("status", "")).strip()) for block in failed)
    return Undelivered(notice, "bounced" if gone else "undelivered")


def _notice(mail: Message, returns: str) -> str | None:
    """By the address that it came back to."""
    if not returns:
        return None
    ours = re.compile(re.escape(returns).replace("@", rf"\+({NOTICE})@"), re.IGNORECASE)
    written = [str(one) for name in ADDRESSED for one in mail.get_all(name, [])]
    found = (ours.fullmatch(address) for _, address in getaddresses(written))
    return next((match[1].lower() for match in found if match), None)


def _reports(mail: Message) -> Iterator[Message]:
    """What it says of each recipient. What is enclosed, the message that came back, is not looked into."""
    if mail.get_content_type() != "multipart/report" or str(mail.get_param("report-type", "")).lower() != "delivery-status":
        return
    for part in _parts(mail):
        if part.get_content_type() == "message/delivery-status":
            yield from _parts(part)


def _parts(mail: Message) -> list[Message]:
    parts = mail.get_payload()
    return [one for one in parts if isinstance(one, Message)] if isinstance(parts, list) else []
