"""Under whose name a thing stands in the chain, and what a no leaves of what was signed."""

from __future__ import annotations

import pytest

from tests.wire.test_desks import audit_rows, flying_with_an_alert, land
from tests.wire.test_sortie_failures import approved_plan
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def test_a_signature_under_a_log_that_waits_is_kept_and_the_answer_says_so(
    house: House,
) -> None:
    sortie = await flying_with_an_alert(house)
    await land(house)
    assert (await house.post(f"/sorties/{sortie}/sign", "PILOT")).status_code == 200
    waits = await house.post(f"/sorties/{sortie}/sign", "REG")
    assert waits.status_code == 409
    assert waits.json()["error"].startswith("your signature is kept, the log waits: ")
    assert "open alerts" in waits.json()["error"]
    assert waits.json()["error_zh"].startswith("签名已保存")
    kept = await house.records.sortie(sortie)
    assert kept is not None
    assert len(kept.signatures) == 2
    again = await house.post(f"/sorties/{sortie}/sign", "REG")  # nothing is signed a second time
    assert again.json()["error"].startswith("the log of ")


async def test_a_plan_stands_in_the_chain_under_the_name_of_who_made_it(house: House) -> None:
    await approved_plan(house)
    assert await audit_rows(house, "plan.made") == [("Wu", "LEAD")]
    assert await audit_rows(house, "plan.approved") == [("Wu", "LEAD")]
    await house.until(lambda: "plan.approved" in house.told())
    assert house.told().index("plan.made") < house.told().index("plan.approved")
