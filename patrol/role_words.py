"""What the roles of DOMAIN 5.1 are called in Chinese; their codes are the keys."""

from __future__ import annotations

_OR = " or "
_ZH = {
    "PILOT": "操控员",
    "ANNC": "喊话员",
    "REG": "登记员",
    "LEAD": "队长",
    "OPER": "值守员",
    "DISP": "派遣员",
    "SUPV": "网格监督员",
    "GW": "网格员",
    "GH": "网格长",
    "COMM": "社区负责人",
    "STREET": "街道负责人",
    "DEPT": "职能部门",
    "REVIEW": "中心复核员",
    "AUDIT": "审计员",
    "PRIV": "个人信息保护负责人",
    "TEST": "测试员",
    "SYS": "系统",
}


def roles_zh(codes: str) -> str:
    """The Chinese names of one role, or of several: "REG or PILOT"; no role's word stays itself."""
    return "或".join(_ZH.get(code, code) for code in codes.split(_OR))
