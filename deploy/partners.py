"""A partner's place in Kafka: two topics, one user, the least access that works, and limits; given, renewed and taken away."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient

from contracts.catalogue import partner_in, partner_out
from deploy import access, quotas, topics
from infra.problems import Problem

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""No dot: `partner-a.` is the prefix of the groups of partner `a`, and must not be one of another partner's."""
QUOTA: quotas.Quota = {"producer_byte_rate": 1 << 20, "consumer_byte_rate": 4 << 20, "request_percentage": 25.0}
"""Bytes a second, and a share of one broker thread: far more than a referral feed needs, far less than would starve the others."""
NO_QUOTA: quotas.Quota = dict.fromkeys(QUOTA)


@dataclass(frozen=True)
class Broker:
    """An administrator's connection: `admin` for most calls, `client_config` (librdkafka's names) for the one that it lacks."""

    admin: AdminClient
    client_config: Mapping[str, str | int | float | bool]
    replicas: int = 1


def add(
    broker: Broker, passwords: Mapping[str, str], quota: quotas.Quota = QUOTA, heard: Callable[[], None] | None = None
) -> topics.Applied:
    """Admit partners (name → password), one or a thousand, in a handful of calls; again changes nothing but the password.

    The credential comes last: whoever can sign in finds everything else in place. `heard` is called before it, to wait until the
    front door has been assigned the new topics.
    """
    names = [_checked(name) for name in passwords]
    made = topics.apply(broker.admin, [kind(name) for name in names for kind in (partner_in, partner_out)], broker.replicas)
    access.reconcile(broker.admin, [rule for name in names for rule in access.partner_rules(name)])
    quotas.apply(broker.client_config, {access.partner_principal(name): quota for name in names})
    if heard:
        heard()
    access.set_passwords(broker.admin, {access.partner_principal(name): password for name, password in passwords.items()})
    return made


def rotate(broker: Broker, passwords: Mapping[str, str]) -> None:
    """New passwords. Open connections go on until they must sign in again (`connections.max.reauth.ms`), and then need the new one."""
    access.set_passwords(broker.admin, {access.partner_principal(_checked(name)): password for name, password in passwords.items()})


def revoke(broker: Broker, names: Iterable[str]) -> None:
    """Shut partners out: access first, which works at once on open connections, then the credential. Their topics stay.

    Someone admitted again starts anew: with `add`, and another password.
    """
    users = [access.partner_principal(_checked(name)) for name in names]
    access.withdraw(broker.admin, users)
    access.lock_out(broker.admin, users)
    quotas.apply(broker.client_config, dict.fromkeys(users, NO_QUOTA))


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Problem(
            code="TL-2012",
            what=f"{name!r} cannot be a partner's name",
            why="it becomes part of topic, user and group names",
            fix="use 1 to 63 lower-case letters, digits and inner hyphens, such as county-crisis-line",
        )
    return name
