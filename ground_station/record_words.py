"""What the states and events of the records are called in Chinese, for the table's refusals."""

from __future__ import annotations

import enum

NOUNS_ZH = {
    "alert": "告警",
    "announcement": "喊话",
    "case": "案件",
    "dispatch": "派遣任务",
    "notice": "通报",
    "report": "群众反映",
    "shift": "班次",
    "sighting": "发现",
    "template": "模板",
    "whistle": "吹哨",
}
_ZH = {
    "AlertState": {
        "RAISED": "待确认",
        "ACKNOWLEDGED": "已确认",
        "ANNOUNCING": "正在喊话",
        "OBSERVING": "观察中",
        "DISPERSED": "已散开",
        "PERSISTING": "未散开",
        "ESCALATED": "已上报",
        "DISMISSED": "已排除",
        "CLOSED": "已关闭",
    },
    "AlertEvent": {
        "acknowledge": "确认",
        "renotify": "再次通知",
        "dismiss": "排除",
        "announce": "喊话",
        "override": "越权喊话",
        "play_ended": "结束播放",
        "play_failed": "记录播放失败",
        "disperse": "判定已散开",
        "persist": "判定未散开",
        "file": "立案",
        "escalate": "上报",
        "lift": "提高等级",
        "close": "关闭",
    },
    "AnnouncementState": {
        "DRAFT": "草稿",
        "APPROVED": "已批准",
        "QUEUED": "等待播放",
        "BLOCKED": "被规则禁止",
        "OVERRIDDEN": "队长放行",
        "PLAYING": "正在播放",
        "PLAYED": "已播放",
        "FAILED": "播放失败",
        "CANCELLED": "已取消",
    },
    "AnnouncementEvent": {
        "approve": "批准",
        "queue": "放行",
        "block": "禁止",
        "override": "越权放行",
        "start": "开始播放",
        "finish": "播完",
        "fail": "记录播放失败",
        "cancel": "取消",
    },
    "CaseEvent": {
        "verify": "核实",
        "reject": "不予受理",
        "merge": "合并",
        "file": "立案",
        "void": "注销",
        "dispatch": "派遣",
        "accept": "接收",
        "return": "退回",
        "escalate": "升级",
        "feed_back": "反馈",
        "defer": "延期",
        "suspend": "挂账",
        "resume": "恢复",
        "check": "核查",
        "close": "结案",
        "close_record": "办结记录",
        "rework": "返工",
        "evaluate": "评价",
        "reopen": "重开",
        "ask_deferral": "申请延期",
        "ask_suspension": "申请挂账",
        "reassign": "改派",
        "link_report": "并入反映",
        "answer_reporter": "答复反映人",
        "note": "批注",
    },
    "DispatchEvent": {"accept": "接收", "return": "退回", "reply": "答复"},
    "NoticeEvent": {"edit": "修改", "review": "审核", "publish": "发布", "withdraw": "撤回"},
    "ReportEvent": {"link": "关联", "reject": "不予受理", "answer": "答复"},
    "ShiftEvent": {
        "sign_in": "上岗",
        "hand_over": "交接班",
        "sign_out": "离岗",
        "plan": "安排巡查",
        "weather": "记录天气",
        "note": "写入日志",
        "sign": "签名",
        "close": "归档",
    },
    "SightingEvent": {"confirm": "确认", "edit": "修改", "dismiss": "排除"},
    "VersionState": {"DRAFT": "草稿", "APPROVED": "已批准", "RETIRED": "已停用"},
    "VersionEvent": {"approve": "批准", "retire": "停用"},
    "WhistleEvent": {"check_in": "报到", "fly": "起飞巡查", "withdraw": "撤回"},
}


def value_zh(member: enum.Enum) -> str:
    """A state or an event in Chinese: its own word where it has one, else the one from here."""
    own = str(getattr(member, "zh", ""))
    words = _ZH.get(type(member).__name__, {})
    return own or words.get(str(member.value), str(member.value))
