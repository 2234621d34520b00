"""The application for a flight: the thirteen contents of Art. 27, filled from plan and papers.

What nobody has given stands as a blank to be filled in by hand; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from missions.clearance import Clearance
from missions.clearance_facts import ClearanceFacts
from missions.law import Law, Outcome
from missions.papers import AircraftPapers, Link
from patrol.clock import SHANGHAI
from patrol.geo import Datum, GeoPoint
from patrol.plan import WayHome

BLANK = "________"
_WAYS = {
    WayHome.STRAIGHT: "直线返航",
    WayHome.RALLY: "直线飞往最近的备降点或起飞点",
    WayHome.ROUTE: "沿原航线返航",
}
_LINKS = {Link.RADIO: "无线电直连", Link.PUBLIC_NETWORK: "公众移动通信网络（中继）"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetItem:
    """One of the thirteen; its lines are in Chinese, for the authority that reads them."""

    number: int
    title_zh: str
    title_en: str
    lines: tuple[str, ...]


def application_sheet(facts: ClearanceFacts, cleared: Clearance, law: Law) -> tuple[SheetItem, ...]:
    """All thirteen, in the order of the law."""
    fill = (
        _organiser, _aircraft, _purpose, _places, _contact, _times, _route, _frequencies,
        _abilities, _transponder, _emergency, _support, _other,
    )  # fmt: skip
    return tuple(
        SheetItem(
            number=number, title_zh=title.zh, title_en=title.en,
            lines=tuple(lines(facts, cleared)),
        )
        for number, (title, lines) in enumerate(zip(law.sheet, fill, strict=True), 1)
    )  # fmt: skip


def _papers(facts: ClearanceFacts) -> AircraftPapers:
    return facts.aircraft or AircraftPapers(name=facts.aircraft_name)


def _line(name: str, value: object | None, unit: str = "") -> str:
    is_given = value is not None and value != ""
    return f"{name}：{value}{unit}" if is_given else f"{name}：{BLANK}"


def _organiser(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    unit = facts.papers.organisation if facts.papers else None
    yield _line("单位", unit.name if unit else None)
    yield _line("运营合格证", unit.certificate_no if unit else None)
    yield _line("有效期至", unit.certificate_until if unit else None)
    pilots = dict(facts.papers.pilots) if facts.papers else {}
    names = [facts.pilot] if facts.pilot else list(pilots)
    yield _line("操控员", "、".join(names))
    for name in names:
        papers = pilots.get(name)
        if papers is not None and papers.licence_no:
            yield f"{name}执照：{papers.licence_no}（有效期至{papers.licence_until}）"
        if papers is not None and papers.training_no:
            yield f"{name}培训合格证：{papers.training_no}（有效期至{papers.training_until}）"


def _aircraft(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    papers = _papers(facts)
    kind = cleared.aircraft_class
    zh = {"MICRO": "微型", "LIGHT": "轻型", "SMALL": "小型", "MEDIUM": "中型", "LARGE": "大型"}
    yield _line("类型", zh[kind.value] if kind else None)
    yield "数量：1架"
    yield _line("型号", papers.model)
    yield _line("空机重量", papers.empty_mass_kg, "千克")
    yield _line("本架次起飞重量", cleared.takeoff_mass_kg, "千克")
    yield _line("最大起飞重量", papers.max_takeoff_kg, "千克")
    yield _line("最大平飞速度", papers.max_speed_km_h, "千米/小时")
    yield _line("实名登记号", papers.registration_no)
    yield _line("产品识别码", papers.product_id)
    yield _line("责任保险", papers.insurance_no)


def _purpose(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    plan = facts.plan
    yield f"任务性质：网格巡查（{'演练' if plan.is_exercise else '公共安全'}）"
    yield f"网格：{plan.grid_name}（{plan.grid_code}）"
    yield "飞行方式：自动航线，操控员全程可随时人工介入"
    yes = [one for one in cleared.answers if one.is_yes]
    for one in yes:
        yield f"须申请的情形：{one.article}（{one.question_zh}）"
    yield _line("任务批准文件", None if _needs_document(cleared) else "不适用")


def _needs_document(cleared: Clearance) -> bool:
    """Micro and light aircraft need none in free airspace, Art. 27 last paragraph."""
    kind = cleared.aircraft_class
    is_controlled = any(
        one.rule_id in ("zones", "ceiling") and one.outcome is not Outcome.OK
        for one in cleared.answers
    )
    return is_controlled or kind is None or kind.value not in ("MICRO", "LIGHT")


def _places(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    yield f"起飞、降落：{_place(facts.plan.home)}"
    for number, rally in enumerate(facts.plan.rally_points, 1):
        yield f"备降{number}：{_place(rally.point)}"
    if not facts.plan.rally_points:
        yield "备降：返回起飞点"


def _contact(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    unit = facts.papers.organisation if facts.papers else None
    yield _line("联系人及电话", unit.contact if unit else None)


def _times(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    for name, moment in (("预计开始", cleared.takeoff_utc), ("预计结束", cleared.landing_utc)):
        yield f"{name}：{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（北京时间）"


def _route(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    plan = facts.plan
    fastest = max(one.speed_m_s for one in plan.waypoints)
    is_above_home = any(one.height.datum is Datum.HOME for one in plan.waypoints)
    above = "最大高度（距起飞点）" if is_above_home else "最大真高"
    yield f"{above}：{facts.highest_agl_m:.0f}米；最大速度：{fastest:.1f}米/秒"
    yield f"航线长度：{plan.length_m:.0f}米，{len(plan.waypoints)}个航点（WGS-84）"
    for number, waypoint in enumerate(plan.waypoints, 1):
        yield f"{number}. {_place(waypoint.point)}，高{waypoint.height.metres:.0f}米"
    corners = "；".join(_place(corner) for corner in plan.fence)
    yield f"空域范围（围栏）：{corners}"
    yield f"进出空域：由起飞点垂直爬升后进入，{_WAYS[plan.way_home]}"


def _frequencies(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    papers = _papers(facts)
    yield _line("频率", papers.link_frequency)
    yield _line("占用带宽", papers.link_bandwidth)


def _abilities(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    papers = _papers(facts)
    yield _line("通信", _LINKS[papers.link] if papers.link else None)
    yield _line("导航", papers.navigation)
    yield _line("被监视", papers.surveillance)


def _transponder(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    yield _line("应答机或自动监视设备", _papers(facts).transponder)


def _emergency(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    unit = facts.papers.organisation if facts.papers else None
    yield f"失联：自动返航（{_WAYS[facts.plan.way_home]}）；越界、低电量：自动返航或就地降落"
    yield _line("单位处置程序", unit.emergency_procedure if unit else None)


def _support(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    yield _line("特殊飞行保障需求", None)


def _other(facts: ClearanceFacts, cleared: Clearance) -> Iterator[str]:
    unit = facts.papers.organisation if facts.papers else None
    yield f"计划编号：{facts.plan.plan_id}；摘要：{facts.plan.digest[:12]}"
    yield _line("其他", unit.remarks if unit else None)


def _place(point: GeoPoint) -> str:
    return f"{point.lat_deg:.6f}, {point.lon_deg:.6f}"
