"""`python -m deploy.strimzi`: the catalogue's topics, users and access rules as Strimzi resources, for the chart.

The same rules as `deploy.access` applies to a broker itself. What a cluster decides (name, replicas) is left to the chart's values.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka.admin import AclBinding, AclOperation, ResourceType  # type: ignore[attr-defined]

from contracts import catalogue
from contracts.catalogue import Topic, partner_in, partner_out
from deploy import access, partners, topics

FILE = Path(__file__).parent / "kubernetes" / "files" / "kafka.yaml"
API = "kafka.strimzi.io/v1"
CLUSTER = "{{ .Values.strimzi.cluster }}"
"""Helm's words; `partner` puts a name in their place."""
LABELS = {"strimzi.io/cluster": CLUSTER}
REPLICAS = 3
HEAD = "# Written by `python -m deploy.strimzi` from contracts/catalogue.py; a test compares the two. Helm fills in the cluster.\n"
QUOTAS = {"producerByteRate": "producer_byte_rate", "consumerByteRate": "consumer_byte_rate", "requestPercentage": "request_percentage"}
Resource = dict[str, Any]


def topic(one: Topic) -> Resource:
    """A topic as production has it: three replicas, of which two must have what is acknowledged."""
    spec = {"partitions": one.partitions, "replicas": REPLICAS, "config": topics.configuration(one, REPLICAS)}
    return _resource("KafkaTopic", one.name, spec)


def user(principal: str, rules: Iterable[AclBinding], quotas: Resource | None = None) -> Resource:
    """A user that signs in with SCRAM and may do exactly this; Strimzi keeps its password in a Secret of the same name."""
    spec = {"authentication": {"type": "scram-sha-512"}, "authorization": {"type": "simple", "acls": _acls(rules)}}
    return _resource("KafkaUser", principal, spec | ({"quotas": quotas} if quotas else {}))


def _resource(kind: str, name: str, spec: Resource) -> Resource:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "labels": LABELS}, "spec": spec}


def _acls(rules: Iterable[AclBinding]) -> list[Resource]:
    """One entry for each resource, with its operations."""
    operations: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for rule in rules:
        pattern = "prefix" if rule.resource_pattern_type == access.PREFIXED else "literal"
        place = (ResourceType(rule.restype).name.lower(), rule.name, pattern)
        operations[place].append(AclOperation(rule.operation).name.capitalize())
    return [
        {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": allowed}
        for (kind, name, pattern), allowed in operations.items()
    ]


def everything() -> list[Resource]:
    """What every network has."""
    users = [user(access.service_principal(service), access.service_rules(service)) for service in catalogue.SERVICES]
    return [*map(topic, catalogue.TOPICS), *users]


def partner(name: str) -> list[Resource]:
    """What admitting a partner takes: `python -m deploy.strimzi CLUSTER riverbend | kubectl apply -f -`."""
    quotas = {ours: int(partners.QUOTA[kafkas] or 0) for ours, kafkas in QUOTAS.items()}
    rules = access.partner_rules(partners.checked(name))
    return [topic(partner_in(name)), topic(partner_out(name)), user(access.partner_principal(name), rules, quotas)]


def text(resources: Iterable[Resource]) -> str:
    return yaml.safe_dump_all(resources, sort_keys=False, width=140)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        cluster, *names = sys.argv[1:]
        sys.stdout.write(text(one for name in names for one in partner(name)).replace(CLUSTER, cluster))
    else:
        FILE.write_text(HEAD + text(everything()), "utf-8")
        sys.stdout.write(f"wrote {FILE.name}\n")
