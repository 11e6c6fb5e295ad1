"""Who may do what in Kafka: access rules generated from the catalogue, and the credentials they apply to."""

from collections.abc import Iterable, Mapping
from secrets import token_urlsafe
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from contracts import catalogue
from contracts.catalogue import PARTNER_IN, PARTNER_OUT, Topic
from deploy.topics import ADMIN_SECONDS_MAX, in_parts, settle

FRONT_DOOR = "intake"
ANY_OWNER = "*"
SCRAM_ITERATIONS = 4096
PASSWORD_BYTES = 32
FILTER_WEIGHT = 50
"""Every filter is matched against every rule there is; a thousand in one call held the controller so long that it fenced its broker."""
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
READ, WRITE, DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE


def service_principal(service: str) -> str:
    return f"svc-{service.replace('_', '-')}"


def partner_principal(partner: str) -> str:
    return f"partner-{partner}"


def service_rules(service: str, topics: Iterable[Topic] = catalogue.TOPICS) -> list[AclBinding]:
    """All a service may do: write what it owns, read what it hears and what it said itself, in groups of its own.

    It may read its own topic because a restored service catches up from it before it speaks. No rule on the cluster is needed:
    a broker lets whoever may write a topic write it idempotently.
    """
    user = service_principal(service)
    rules = _may(user, GROUP, service, LITERAL, READ) + _may(user, GROUP, f"{service}.", PREFIXED, READ)
    for topic in topics:
        owns = topic.owner == service
        if owns or topic.owner == ANY_OWNER:
            rules += _may(user, TOPIC, topic.name, LITERAL, WRITE, DESCRIBE)
        if owns or service in topic.listeners:
            rules += _may(user, TOPIC, topic.name, LITERAL, READ, DESCRIBE)
    if service == FRONT_DOOR:
        rules += _may(user, TOPIC, PARTNER_IN, PREFIXED, READ, DESCRIBE) + _may(user, TOPIC, PARTNER_OUT, PREFIXED, WRITE, DESCRIBE)
    return _distinct(rules)


def partner_rules(partner: str) -> list[AclBinding]:
    """All a partner may do: write its own inbound topic, read its own outbound one, in groups under its own name."""
    user = partner_principal(partner)
    return (
        _may(user, TOPIC, PARTNER_IN + partner, LITERAL, WRITE, DESCRIBE)
        + _may(user, TOPIC, PARTNER_OUT + partner, LITERAL, READ, DESCRIBE)
        + _may(user, GROUP, f"{user}.", PREFIXED, READ)
    )


def _may(user: str, kind: ResourceType, name: str, pattern: ResourcePatternType, *operations: AclOperation) -> list[AclBinding]:
    return [AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW) for operation in operations]


def _distinct(rules: Iterable[AclBinding]) -> list[AclBinding]:
    return list({_identity(rule): rule for rule in rules}.values())


def _identity(rule: AclBinding) -> tuple[object, ...]:
    return (rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.operation, rule.permission_type)


def grant(admin: AdminClient, rules: Iterable[AclBinding]) -> None:
    """Add rules; those that exist already stay as they are."""
    for part in in_parts(rules):
        settle("granting access", admin.create_acls(part, request_timeout=ADMIN_SECONDS_MAX))


def reconcile(admin: AdminClient, rules: Iterable[AclBinding]) -> None:
    """Give the principals of these rules exactly these rules: what an older catalogue granted them is taken away."""
    wanted = {_identity(rule): rule for rule in rules}
    principals = {rule.principal for rule in wanted.values()}
    found = admin.describe_acls(_any_rule(None)).result(ADMIN_SECONDS_MAX)
    mine = {_identity(rule): rule for rule in found if rule.principal in principals}
    grant(admin, [rule for identity, rule in wanted.items() if identity not in mine])
    if stale := [rule for identity, rule in mine.items() if identity not in wanted]:
        settle("withdrawing access", admin.delete_acls([_exactly(rule) for rule in stale]))


def withdraw(admin: AdminClient, principals: Iterable[str]) -> None:
    """Take every rule from these users. It works at once, on open connections too."""
    filters = [_any_rule(f"User:{user}") for user in principals]
    for part in in_parts(filters, lambda _: FILTER_WEIGHT):
        settle("withdrawing access", admin.delete_acls(part, request_timeout=ADMIN_SECONDS_MAX))


def _any_rule(principal: str | None) -> AclBindingFilter:
    anything: Any = None  # its documented wildcard, which its type annotations forget
    who: Any = principal
    return AclBindingFilter(ResourceType.ANY, anything, ResourcePatternType.ANY, who, anything, AclOperation.ANY, AclPermissionType.ANY)


def _exactly(rule: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, rule.operation, rule.permission_type
    )


def set_passwords(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    """Create users, or give them another password; an open connection keeps working until it must sign in again."""
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, scram, password.encode()) for user, password in passwords.items()
    ]
    for part in in_parts(changes):
        settle("setting credentials", admin.alter_user_scram_credentials(part, request_timeout=ADMIN_SECONDS_MAX))


def lock_out(admin: AdminClient, users: Iterable[str]) -> None:
    """Make every password of these users wrong, by giving them one that nobody ever knew. Never delete a credential instead.

    Kafka 4.3.1 forgets **all** credentials, the administrator's too, when a broker starts from a metadata log that holds a deletion
    (`ScramDelta.apply` drops the whole mechanism when a deletion comes first, then fills a map that nobody looks at): reproduced
    with eighty deletions and a restart.
    """
    set_passwords(admin, {user: token_urlsafe(PASSWORD_BYTES) for user in users})
