"""An option of Redis is set back to what is known to be good, and that can be taken back."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from incident_crds.action import ActionParams, RedisOption
from incident_crds.catalogue import ActionType, SystemType
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import Refused, open_target
from incident_operator.targets.redis import RedisTarget
from tests.systems.servers import MAXMEMORY

REMEDY = REMEDIES[ActionType.REDIS_RESET_CONFIG]
MIB = 1024 * 1024


async def set_option(target: RedisTarget, option: RedisOption, value: str) -> None:
    await target.call("CONFIG", "SET", option.value, value)


@pytest_asyncio.fixture
async def created(redis_target: RedisTarget) -> AsyncIterator[RedisTarget]:
    """The same server as one that the operator created; its options are as before after the test."""
    access = dataclasses.replace(redis_target.access, max_memory_bytes=MAXMEMORY, max_clients=300)
    target = open_target(SystemType.REDIS, access)
    assert isinstance(target, RedisTarget)
    options = {o: (await REMEDY.observe(target, ActionParams(option=o)))["value"] for o in RedisOption}
    yield target
    for option, value in options.items():
        await set_option(target, option, str(value))
    await target.close()


@pytest.mark.parametrize(
    ("option", "wrong", "right"),
    [
        (RedisOption.MAX_MEMORY, str(8 * MIB), str(MAXMEMORY)),
        (RedisOption.MAX_CLIENTS, "50", "300"),
        (RedisOption.MAX_MEMORY_POLICY, "allkeys-random", "noeviction"),
        (RedisOption.TIMEOUT, "600", "0"),
    ],
)
async def test_an_option_is_set_back_and_that_is_taken_back(
    created: RedisTarget, option: RedisOption, wrong: str, right: str
) -> None:
    params = ActionParams(option=option)
    await set_option(created, option, wrong)
    before = await REMEDY.observe(created, params)
    assert REMEDY.effect(before, before) is not None
    await REMEDY.execute(created, params)
    after = await REMEDY.observe(created, params)
    assert (before["value"], after["value"]) == (wrong, right)
    assert REMEDY.effect(before, after) is None
    assert REMEDY.effect(after, after) is not None, "it was right already, so nothing was done"
    assert REMEDY.effect({}, after) is not None, "no evidence means not done"
    assert not REMEDY.is_same(before, after)
    for _ in range(2):
        await REMEDY.revert(created, params, before)
        assert REMEDY.is_same(before, await REMEDY.observe(created, params))
    with pytest.raises(Refused, match="not on record"):
        await REMEDY.revert(created, params, {})
    assert not REMEDY.is_same({}, {}), "what is unknown is not the same"


async def test_what_is_right_is_known_or_named_or_refused(redis_target: RedisTarget, created: RedisTarget) -> None:
    with pytest.raises(Refused, match=r"did not create the system.*params\.value"):
        await REMEDY.execute(redis_target, ActionParams(option=RedisOption.MAX_MEMORY))
    named = ActionParams(option=RedisOption.MAX_MEMORY, value=str(32 * MIB))
    before = await REMEDY.observe(redis_target, named)
    await REMEDY.execute(redis_target, named)
    assert REMEDY.effect(before, await REMEDY.observe(redis_target, named)) is None


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        (RedisOption.MAX_MEMORY, "0", "from 1048576"),
        (RedisOption.MAX_MEMORY, str(MIB), "refuse writes or evict keys"),
        (RedisOption.MAX_CLIENTS, "0", "from 1 to"),
        (RedisOption.MAX_CLIENTS, "many", "from 1 to"),
        (RedisOption.TIMEOUT, "-1", "from 0 to"),
        (RedisOption.MAX_MEMORY_POLICY, "none", "possible are allkeys-lfu"),
    ],
)
async def test_a_value_that_cannot_be_right_is_refused(
    created: RedisTarget, option: RedisOption, value: str, says: str
) -> None:
    if value == str(MIB):
        await created.call("SET", "ballast:1", b"x" * MIB, "PX", 10000)
    before = await REMEDY.observe(created, ActionParams(option=option))
    with pytest.raises(Refused, match=says):
        await REMEDY.execute(created, ActionParams(option=option, value=value))
    assert REMEDY.is_same(before, await REMEDY.observe(created, ActionParams(option=option)))
