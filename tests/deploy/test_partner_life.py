"""A partner's life on the real broker: admitted, publishing in its own place only, renewed, shut out, admitted again."""

import pytest

from deploy import partners
from deploy.access import partner_principal
from deploy.local.engines import Engines
from infra.problems import Problem
from tests.local.clients import OK, Config, read, sign_in, write

pytestmark = pytest.mark.engines
DENIED, WRONG_PASSWORD = "TOPIC_AUTHORIZATION_FAILED", "_AUTHENTICATION"


def config(engines: Engines, name: str, password: str) -> Config:
    user = partner_principal(name)
    return {**engines.kafka_config("admin"), "sasl.username": user, "sasl.password": password}


def test_a_partner_publishes_in_its_own_place_and_nowhere_else(engines: Engines):
    passwords = partners.admit(engines.broker(), ["river-one", "river-two"])
    mine = config(engines, "river-one", passwords["river-one"])
    assert write(mine, "partner-in-river-one") == OK
    assert write(mine, "partner-in-river-two") == DENIED
    assert write(mine, "intake-events") == DENIED
    assert read(mine, "partner-out-river-two", "partner-river-one.a") == DENIED


def test_admitting_again_changes_nothing_at_once_and_for_many(engines: Engines):
    names = [f"crowd-{number}" for number in range(60)]
    first = partners.admit(engines.broker(), names)
    assert set(first) == set(names)
    assert partners.admit(engines.broker(), [*names, *names]) == {}
    assert sign_in(config(engines, "crowd-59", first["crowd-59"])) == OK


def test_a_wrong_name_among_many_admits_nobody(engines: Engines):
    with pytest.raises(Problem, match="TL-2012"):
        partners.admit(engines.broker(), ["would-be-fine", "Not_Fine"])
    assert "would-be-fine" not in partners.standings(engines.broker())


def test_a_new_password_makes_the_old_one_wrong(engines: Engines):
    (old,) = partners.admit(engines.broker(), ["renewed"]).values()
    assert sign_in(config(engines, "renewed", old)) == OK
    fresh = partners.fresh_password()
    partners.rotate(engines.broker(), {"renewed": fresh})
    assert sign_in(config(engines, "renewed", fresh)) == OK
    assert sign_in(config(engines, "renewed", old)) == WRONG_PASSWORD


def test_who_is_revoked_is_shut_out_and_admitted_again_only_by_name(engines: Engines):
    (password,) = partners.admit(engines.broker(), ["leaves"]).values()
    mine = config(engines, "leaves", password)
    assert write(mine, "partner-in-leaves") == OK
    partners.revoke(engines.broker(), ["leaves"])
    assert write(mine, "partner-in-leaves") != OK
    assert partners.standings(engines.broker())["leaves"] == "revoked"
    (again,) = partners.admit(engines.broker(), ["leaves"]).values()
    assert again != password
    assert write(config(engines, "leaves", again), "partner-in-leaves") == OK


def test_a_misspelt_name_makes_nobody(engines: Engines):
    with pytest.raises(Problem, match="TL-2605"):
        partners.require(engines.broker(), "nobody-of-that-name")
    assert "nobody-of-that-name" not in partners.standings(engines.broker())
