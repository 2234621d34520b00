"""Streets and communities of the district as DOMAIN 2.1 lists them, for voices to read."""

from __future__ import annotations

PLACES = (
    "濠江 汕头 达濠 马滘 马窖 礐石 广澳 滨海 河浦 玉新 三河 "
    "濠滨 达埠 赤港 赤隆 青篮 青林 青盐 葛洲 西堆 包帆 放钓 蚝社 海光 海星 海明 和社 凤岗 南山 "
    "珠浦 葛陈 葛朱 茂南 茂北 头村 中村 尾村 红光 红旗 红星 磊口 棉花 松山 澳头 东湖 三辽 三寮 "
    "埭头 溪头 河渡 大蔚 华新 华里 钱塘 五一 上头 林后 东陇 上店 里前 河东 河南 河北 楼下 肚桥 "
    "玉石 黎明 岗背 燎原 灯塔 下衙"
).split()
