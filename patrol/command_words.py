"""What the deeds that can be refused are called in Chinese; English names are the keys."""

from __future__ import annotations

_ZH = {
    "arm": "解锁",
    "ask": "查询",
    "change height": "改变高度",
    "change speed": "改变速度",
    "command": "指令",
    "download log": "下载飞控日志",
    "fly": "飞行",
    "gimbal": "云台",
    "go to": "飞往",
    "hold": "悬停",
    "kill": "紧急停机",
    "land": "降落",
    "look at": "对准",
    "loudspeaker": "喊话器",
    "orbit": "环绕",
    "play": "播放",
    "point camera": "转动相机",
    "read fence": "读回围栏",
    "read mission": "读回航线",
    "read rally points": "读回备降点",
    "recognise": "核对机上航线",
    "recognise fence": "核对围栏",
    "recognise mission": "核对航线",
    "recognise rally points": "核对备降点",
    "return": "返航",
    "return height": "返航高度",
    "speak": "语音合成",
    "stand off": "保持距离",
    "start mission": "开始航线",
    "take off": "起飞",
    "take over": "接管",
    "take-off height": "起飞高度",
    "turn": "转向",
    "upload": "上传",
    "upload fence": "上传围栏",
    "upload mission": "上传航线",
    "upload rally points": "上传备降点",
}


def command_zh(command: str) -> str:
    """Its Chinese name; what has none (a parameter, a path) keeps its own."""
    return _ZH.get(command, command)
