"""The words of reports, in both languages; a word that is missing is a KeyError in the tests."""

from __future__ import annotations

from ground_station.out.book import Language

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("无人机巡查报告", "Drone patrol report"),
    "day title": ("无人机巡查日报", "Drone patrol report of the day"),
    "exercise": ("演练 EXERCISE", "EXERCISE 演练"),
    "public": ("公开版：少于3人的计数记为“<3”", "Public version: counts under 3 are told as “<3”"),
    "made": ("生成时间", "Made"),
    "map": ("航线与航迹", "Route and track"),
    "no places": ("没有位置记录", "no places were recorded"),
    "legend line": (
        "虚线 航线  实线 航迹  点线 围栏",
        "dashed: route  solid: track  dotted: fence",
    ),
    "legend crowd": ("圆圈：告警", "circle: alert"),
    "effect": ("喊话前后人数", "People before and after the words"),
    "decay": ("未喊话时人数变化", "People where nobody spoke to them"),
    "before": ("喊话前", "before"),
    "people axis": ("人数（含上下限）", "people, with bounds"),
    "unseen mark": ("× 未观察到", "× not observed"),
    "facts": ("概况", "Summary"),
    "sortie": ("架次", "Sortie"),
    "grid": ("网格", "Grid"),
    "register": ("网格版本", "Register version"),
    "aircraft": ("无人机", "Aircraft"),
    "state": ("状态", "State"),
    "takeoff": ("起飞", "Take-off"),
    "landed": ("降落", "Landing"),
    "flown": ("航线完成率", "Route flown"),
    "highest": ("最大高度（距起飞点）", "Greatest height above home"),
    "abnormal": ("异常", "Abnormal"),
    "crew": ("签名", "Signed"),
    "plan": ("计划摘要", "Plan digest"),
    "none": ("无", "none"),
    "alerts": ("告警", "Alerts"),
    "no": ("序号", "No."),
    "alert": ("告警号", "Alert"),
    "raised": ("时间", "Raised"),
    "people": ("人数", "People"),
    "outcome": ("结果", "Outcome"),
    "case": ("案件号", "Case"),
    "words": ("喊话", "Announcements"),
    "template": ("模板", "Template"),
    "text": ("内容", "Words"),
    "released": ("放行人", "Released by"),
    "audio": ("音频摘要", "Audio hash"),
    "typed": ("（临时输入的内容，不公开）", "(typed at the moment: not told in public)"),
    "cases": ("案件", "Cases"),
    "owner": ("责任单位", "Owner"),
    "due": ("处置期限", "Due"),
    "coverage": ("网格覆盖", "Coverage"),
    "not visited": ("未巡查网格", "Grids not visited"),
    "partly": ("部分巡查网格", "Grids visited in part"),
    "visited": ("已巡查网格", "Grids visited"),
    "of": ("共", "of"),
    "not counted": ("未计数", "not counted"),
    "dispersed": ("已散开", "dispersed"),
    "persisting": ("仍未散开", "persisting"),
    "not judged": ("未判定", "no verdict"),
    "sorties": ("架次", "Sorties"),
    "day": ("日期", "Day"),
    "scope": ("范围", "Scope"),
    "PLAYED": ("已播放", "played"),
    "PLAYING": ("播放中", "playing"),
    "FAILED": ("失败", "failed"),
    "CANCELLED": ("已取消", "cancelled"),
    "BLOCKED": ("已阻止", "blocked"),
    "OVERRIDDEN": ("已强制放行", "overridden"),
    "DRAFT": ("草稿", "draft"),
    "APPROVED": ("已批准", "approved"),
    "QUEUED": ("待播放", "queued"),
    "verdict note": (
        "“已散开”只表示观察到的人数下降，不等于喊话造成；区间由计数的上下限给出。",
        "“Dispersed” says that fewer people were seen afterwards, not that the words did it; "
        "the bounds are those of the counts.",
    ),
}


def word(name: str, language: Language) -> str:
    """A word of reports."""
    zh, en = _WORDS[name]
    return zh if language is Language.ZH else en
