"""A partner's place in Kafka: two topics, one user, the least access that works, and limits; given, renewed and taken away."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Literal

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from contracts.catalogue import PARTNER_IN, partner_in, partner_out
from deploy import access, quotas, topics
from infra.problems import Problem

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
"""No dot: `partner-a.` is the prefix of the groups of partner `a`, and must not be one of another partner's."""
QUOTA: quotas.Quota = {"producer_byte_rate": 1 << 20, "consumer_byte_rate": 4 << 20, "request_percentage": 25.0}
"""Bytes a second, and a share of one broker thread: far more than a referral feed needs, far less than would starve the others."""
KNOWN_POLL_S = 0.2
NOTICE = 5
"""The least grave that librdkafka writes, in syslog's numbers."""
NO_QUOTA: quotas.Quota = dict.fromkeys(QUOTA)


@dataclass(frozen=True)
class Broker:
    """An administrator's connection: `admin` for most calls, `client_config` (librdkafka's names) for the one that it lacks."""

    admin: AdminClient
    client_config: Mapping[str, str | int | float | bool]
    replicas: int = 1


def connected(client_config: Mapping[str, str | int | float | bool]) -> Broker:
    """An administrator's connection for a command: what the client library notes while it closes is nothing for a person."""
    return Broker(AdminClient({**client_config, "log_level": NOTICE}), client_config)


ANYTHING: Any = None
"""The filter's documented wildcard, which its type annotations forget."""
EVERY_RULE = AclBindingFilter(
    ResourceType.ANY, ANYTHING, ResourcePatternType.ANY, ANYTHING, ANYTHING, AclOperation.ANY, AclPermissionType.ANY
)
Standing = Literal["admitted", "revoked", "half-made"]
"""`half-made`: an admission that was cut short; whoever admits them again completes it."""


def standings(broker: Broker) -> dict[str, Standing]:
    """Every partner that has a topic, and whether it may use it. Three calls, however many there are."""
    present = broker.admin.list_topics(timeout=topics.ADMIN_SECONDS_MAX).topics
    names = sorted(topic.removeprefix(PARTNER_IN) for topic in present if topic.startswith(PARTNER_IN))
    credentials: Any = broker.admin.describe_user_scram_credentials()  # of all: one future, which its annotations do not say
    users = set(credentials.result(topics.ADMIN_SECONDS_MAX))
    rules = broker.admin.describe_acls(EVERY_RULE).result(topics.ADMIN_SECONDS_MAX)
    ruled = {rule.principal.removeprefix("User:") for rule in rules}
    return {name: _standing(access.partner_principal(name), users, ruled) for name in names}


def _standing(user: str, users: Set[str], ruled: Set[str]) -> Standing:
    return "half-made" if user not in users else "admitted" if user in ruled else "revoked"


def admit(broker: Broker, names: Iterable[str], known: Mapping[str, Standing] | None = None) -> dict[str, str]:
    """Admit those who are not admitted. Their passwords are returned, to be shown once, and kept nowhere."""
    known = standings(broker) if known is None else known
    wanted = [name for name in dict.fromkeys(map(checked, names)) if known.get(name) != "admitted"]
    passwords = {name: fresh_password() for name in wanted}
    if passwords:
        add(broker, passwords)
        await_admitted(broker, passwords.keys())
    return passwords


def await_admitted(broker: Broker, names: Set[str]) -> None:
    """The controller answers before the brokers know: a second admission must not find nobody, and set another password."""
    until = time.monotonic() + topics.ADMIN_SECONDS_MAX
    while missing := names - {name for name, standing in standings(broker).items() if standing == "admitted"}:
        if time.monotonic() > until:
            raise Problem("TL-2608", "the broker does not know of new partners yet", f"{len(missing)} of them", "throughline partner list")
        time.sleep(KNOWN_POLL_S)


def add(
    broker: Broker, passwords: Mapping[str, str], quota: quotas.Quota = QUOTA, heard: Callable[[], None] | None = None
) -> topics.Applied:
    """Admit partners (name → password), one or a thousand, in a handful of calls; again changes nothing but the password.

    The credential comes last: whoever can sign in finds everything else in place. `heard` is called before it, to wait until the
    front door has been assigned the new topics.
    """
    names = [checked(name) for name in passwords]
    made = topics.apply(broker.admin, [kind(name) for name in names for kind in (partner_in, partner_out)], broker.replicas)
    access.reconcile(broker.admin, [rule for name in names for rule in access.partner_rules(name)])
    quotas.apply(broker.client_config, {access.partner_principal(name): quota for name in names})
    if heard:
        heard()
    access.set_passwords(broker.admin, {access.partner_principal(name): password for name, password in passwords.items()})
    return made


def fresh_password() -> str:
    return token_urlsafe(access.PASSWORD_BYTES)


def rotate(broker: Broker, passwords: Mapping[str, str]) -> None:
    """New passwords. Open connections go on until they must sign in again (`connections.max.reauth.ms`), and then need the new one."""
    access.set_passwords(broker.admin, {access.partner_principal(checked(name)): password for name, password in passwords.items()})


def revoke(broker: Broker, names: Iterable[str]) -> None:
    """Shut partners out: access first, which works at once on open connections, then the credential. Their topics stay.

    Someone admitted again starts anew: with `add`, and another password.
    """
    users = [access.partner_principal(checked(name)) for name in names]
    access.withdraw(broker.admin, users)
    access.lock_out(broker.admin, users)
    quotas.apply(broker.client_config, dict.fromkeys(users, NO_QUOTA))


def require(broker: Broker, name: str) -> Standing:
    """How a partner stands; TL-2605 when there is none of that name, so that a misspelling makes nobody."""
    known = standings(broker)
    if checked(name) not in known:
        raise Problem("TL-2605", f"there is no partner {name}", fix="throughline partner list; or throughline partner add NAME")
    return known[name]


def checked(name: str) -> str:
    """TL-2012 for what cannot be a partner's name."""
    if not NAME.fullmatch(name):
        raise Problem(
            code="TL-2012",
            what=f"{name!r} cannot be a partner's name",
            why="it becomes part of topic, user and group names",
            fix="use 2 to 40 lower-case letters, digits and inner hyphens, such as county-crisis-line",
        )
    return name
