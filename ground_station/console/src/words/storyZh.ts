/** The story in Chinese, one sentence for each event. */
import type { StoryEvent } from "../lib/types";
import { dueText, spanText } from "../lib/time";
import {
  bounds, countOf, findingTexts, listed, recordedTongue, speed, type StorySentences, tenth, text, whole,
} from "./story";

const VERDICTS: Readonly<Record<string, string>> = {
  dispersed: "人群已散开", persisting: "人群未散开", unknown: "无法判定",
};
const LEVELS: Readonly<Record<string, string>> = { stop: "禁止", warn: "注意", note: "提示" };
const RULES: Readonly<Record<string, string>> = {
  "battery.critical": "电量严重不足", "battery.low": "电量不足", "battery.unknown": "电量未知",
  "fence.breached": "越出围栏", "ceiling.breached": "超过限高", "gnss.lost": "定位丢失",
  "standoff.breached": "距人群过近", "standoff.pinned": "距人群过近，返航路线同样受限",
  "separation.lost": "距本队另一飞行器过近", "link.stale": "失去联系", "wind.strong": "风力过大",
  "position.unknown": "位置未知", "height.unknown": "高度未知", "airborne.unknown": "是否在空中未知",
  "gnss.weak": "可见卫星少", "wind.fresh": "风力较大", "wind.unknown": "风力未知",
  "terrain.unknown": "真高未知", "battery.critical_near_crowd": "电量严重不足且临近人群",
  "ground.near": "航线离地高度不足", "mode.unknown": "飞行模式未知，不发送指令",
  "separation.unknown": "本队另一飞行器在空中失联，无法保证间距",
  "standoff.on_way_home": "返航路线距人群过近", "gnss.unknown": "卫星定位质量未知",
  "way_home.taken": "本队另一飞行器正返回相邻起降点，等待其落地", "way_home.free": "等待结束，继续返航",
};
const ACTIONS: Readonly<Record<string, string>> = {
  land: "就地降落", return: "返航", hold: "悬停", warn: "警告",
};
/** What became of the deed; anything else is why it was not done. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "": "", done: "", told: "", "in effect": "（已在执行）",
};
const REASONS: Readonly<Record<string, string>> = {
  "candidate crowd": "疑似聚集，在退距外观察",
  "the patrol is flown": "巡查已飞完",
  "the aircraft went to": "飞机自行改变了模式",
  "the eye needs": "识别跟不上，放慢时钟",
  "the eye keeps up": "识别跟得上",
};
const TONGUES: Readonly<Record<string, string>> = {
  zh: "普通话录音", teochew: "潮汕话录音", en: "英语录音",
};
const TIERS: Readonly<Record<string, string>> = {
  SMALL: "小网格", MIDDLE: "中网格（社区）", LARGE: "大网格（街道）", DISTRICT: "区中心",
};

function people(value: unknown): string {
  const count = countOf(value);
  if (!count) return "未计数";
  const [estimate, low, high] = bounds(count);
  return `${estimate} 人（${low} 至 ${high}）`;
}

/** What became of a case, by whom and why. */
function matter(event: StoryEvent, deed: string): string {
  const why = text(event.reason);
  return `${text(event.by)} ${deed}${deed.endsWith("：") ? "" : " "}${text(event.case_no)}${why ? `：${why}` : ""}`;
}

const KINDS: Readonly<Record<string, string>> = {
  GATHERING: "聚集", DENSITY: "拥挤", QUEUE: "排队", GROWTH: "增多",
};
const ALERT_LEVELS: Readonly<Record<string, string>> = {
  AMBER: "黄色", RED: "红色", CRITICAL: "严重",
};

export const storyZh: StorySentences = {
  "plan.made": (e) =>
    `已规划 ${text(e.grid_name)}：全长 ${whole(e.length_m)} 米，检查发现 ${text(e.findings_count)} 项`,
  "plan.finding": (e) =>
    `${LEVELS[text(e.level)] ?? text(e.level)}：${text(e.text_zh) || text(e.text)}`,
  "plan.cleared": (e) => {
    const permits = listed(e.permits).join("、");
    return `计划由 ${text(e.by)} 放行：${permits ? `依许可 ${permits}` : "无需飞行活动申请"}`;
  },
  "plan.approved": (e) => `计划由 ${text(e.by)} 批准`,
  "mission.uploaded": (e) => `航线已上传并读回核对：${text(e.items)} 项`,
  airborne: () => "已起飞",
  preflight: (e) => {
    const found = findingTexts(e.findings, true);
    return found ? `飞前检查：${found}` : "飞前检查通过";
  },
  waypoint: (e) => `到达航点 ${text(e.index)}${e.total ? ` / ${text(e.total)}` : ""}`,
  sighting: (e) => `发现疑似聚集：${people(e.count)}，最近的人 ${whole(e.nearest_person_m)} 米`,
  hold: (e) => (text(e.reason) ? `悬停：${told(e)}` : "悬停"),
  "pilot.has_it": (e) =>
    text(e.text_zh) || `操控员已接管飞行器（模式${text(e.mode)}），恢复任务前不发送自动指令`,
  resumed: () => "从中断处继续巡查",
  "alert.raised": (e) =>
    `告警 ${KINDS[text(e.kind)] ?? text(e.kind)}：${text(e.grid_name)}，${people(e.count)}`,
  "alert.lifted": (e) =>
    `告警升级为${ALERT_LEVELS[text(e.level)] ?? text(e.level)}：${text(e.grid_name)}，${people(e.count)}`,
  "alert.acknowledged": (e) => `${text(e.by)} 确认告警`,
  "alert.dismissed": (e) => `${text(e.by)} 排除告警：${text(e.reason)}`,
  "gathering.noted": (e) => text(e.text_zh) || text(e.text),
  "announcement.released": (e) =>
    `${text(e.by)} 放行 ${text(e.template)}：${text(e.text_zh)}`,
  "announcement.played": (e) => `已播放 ${tenth(e.duration_s)} 秒：${TONGUES[recordedTongue(e.voice)] ?? "合成语音"}`,
  "announcement.blocked": (e) =>
    `喊话被禁止：${findingTexts(e.findings, true) || told(e)}`,
  "announcement.failed": (e) => `喊话失败：${told(e)}`,
  "speaker.stopped": (e) => `${text(e.by)} 停止喊话`,
  look: (e) =>
    `喊话后 ${spanText(Number(e.dt_s) || 0)}：${e.is_observed === false ? "未观察" : people(e.count)}`,
  effect: (e) =>
    `效果：喊话前 ${people(e.before)}，喊话后 ${people(e.after)}，${VERDICTS[text(e.verdict)] ?? text(e.verdict)}`,
  "case.filed": (e) =>
    `立案 ${text(e.case_no)}：${TIERS[text(e.tier)] ?? text(e.tier)}，${text(e.owner_unit)} ${text(e.owner_person)}`
    + (e.due_utc ? `，${dueText(text(e.due_utc), Date.parse(e.t_utc))} 前办结` : ""),
  "mission.flown": () => "全部航段已飞完",
  "mission.cancelled": (e) => `${text(e.by)} 取消任务 ${text(e.mission)}：${text(e.reason)}`,
  "mission.expired": (e) => `任务 ${text(e.mission)} 已过期取消：${told(e)}`,
  "mission.abort_asked": (e) => `${text(e.by)} 请求中止任务 ${text(e.mission)}：${text(e.reason)}`,
  "mission.aborted": (e) => `${text(e.by)} 中止任务 ${text(e.mission)}：${text(e.reason)}`,
  returning: (e) => (text(e.reason) ? `返航：${told(e)}` : "返航"),
  landed: (e) => `已降落，剩余电量 ${whole(e.battery_pct)} %`,
  "sortie.aborted": (e) =>
    `架次中止：${[told(e), findingTexts(e.findings, true)].filter(Boolean).join("；")}`,
  "log.closed": (e) => `巡查日志已关闭：${text(e.rows)} 行，链头 ${text(e.head).slice(0, 12)}`,
  speed: (e) => `世界时钟 ×${speed(e.speed)}：${reason(e.reason)}`,
  guardian: (e) =>
    `守护：${text(e.text_zh) || RULES[text(e.rule)] || text(e.rule)} → ${ACTIONS[text(e.action)] ?? text(e.action)}`
    + (OUTCOMES[text(e.outcome)] ?? `，未能执行：${text(e.outcome_zh) || text(e.outcome)}`),
  "sortie.adopted": (e) =>
    `重启后已重新接管在飞架次（航点 ${whole(e.waypoint)}/${whole(e.total)}）`
    + (e.held ? "：悬停中，等待操控员恢复" : ""),
  "sortie.not_adopted": (e) => `飞行器在空中，但未接管：${told(e)}`,
  "sortie.found_ended": (e) => `此前的架次已结束：${told(e)}`,
  "preflight.waits": (e) => `尚未就绪，等待中：${told(e)}`,
  "arming.waits": (e) => `飞控暂未解锁，重试中：${told(e)}`,
  "return.refused": (e) => `返航指令未执行，重试中：${told(e)}`,
  "sortie.trouble": (e) => `空中异常：${told(e)}`,
  "link.none": (e) => `${text(e.vehicle)} 无法连接：${text(e.text_zh) || text(e.text)}`,
  "camera.not_aimed": (e) => `${text(e.vehicle)} 的相机未转到位：${text(e.text_zh) || text(e.text)}`,
  "link.lost": (e) => `链路中断：${text(e.vehicle)}`,
  "link.back": (e) => `链路恢复：${text(e.vehicle)}`,
  "fleet.stranger": (e) => `收到陌生飞行器，系统号 ${text(e.system_id)}（${text(e.line)}）：不予控制`,
  "fleet.same_id": (e) => `另一架飞行器与 ${text(e.vehicle)} 系统号同为 ${text(e.system_id)}：已拒绝`,
  "fleet.station": (e) => `收到另一地面站，系统号 ${text(e.system_id)}`,
  "station.other_command": (e) => `另一地面站（系统号 ${text(e.system_id)}）正在控制 ${text(e.vehicle)}`,
  "station.other_upload": (e) => `另一地面站（系统号 ${text(e.system_id)}）改动了 ${text(e.vehicle)} 的机上航线：请重新上传`,
  "vehicle.restarted": (e) => `${text(e.vehicle)} 的飞控已重启`,
  "stream.stopped": (e) => `${text(e.vehicle)} 不再发送数据：${text(e.stream)}`,
  "stream.back": (e) => `${text(e.vehicle)} 恢复发送数据：${text(e.stream)}`,
  "tlog.dropped": (e) => `${text(e.file)} 缺 ${text(e.frames)} 帧`,
  "tlog.failed": (e) => `链路记录未写入 ${text(e.file)}：${text(e.reason)}`,
  "kill.armed": (e) => `已准备 ${text(e.vehicle)} 紧急停桨，${whole(e.within_s)} 秒内有效`,
  "kill.sent": (e) => `已发送 ${text(e.vehicle)} 紧急停桨：电机停转`,
  "alert.renotified": (e) => `告警无人确认：${text(e.text_zh) || text(e.text)}`,
  "alert.escalated": (e) => `${text(e.by)}将告警上报网格：${text(e.reason_zh) || text(e.reason)}`,
  "hold.over": (e) => `结束停留：${told(e)}`,
  standoff: (e) => `安全距离：${told(e)}`,
  "case.closed": (e) => `${text(e.by)}办结记录 ${text(e.case_no)}`,
  "log.waits": (e) => `巡查日志尚不能关闭：${told(e)}`,
  "announcement.cancelled": (e) => `喊话已取消：${told(e)}`,
  "parameter.set": (e) => `${text(e.parameter)} 由 ${whole(e.before)} 设为 ${whole(e.value)}：${e.parameter === "RTL_TYPE" ? "按航线规定的方式返航" : "航线规定失联返航"}`,
  "watchdog.lost": () => "地面站看门狗已退出，正在重新启动",
  "station.was_ended": (e) =>
    "上一次地面站失去响应，已被看门狗结束"
    + (e.ended_utc ? `（${dueText(text(e.ended_utc), Date.parse(e.t_utc))}）` : ""),
  "vehicle.said": (e) => `飞控：${text(e.text)}`,
  refused: (e) => `未执行：${told(e)}`,
  "case.verify": (e) => matter(e, "核实了"),
  "case.reject": (e) => matter(e, "不予受理"),
  "case.merge": (e) => matter(e, "合并了"),
  "case.file": (e) => matter(e, "将其立案："),
  "case.void": (e) => matter(e, "注销了"),
  "case.dispatch": (e) => matter(e, "派遣了"),
  "case.accept": (e) => matter(e, "接收了"),
  "case.return": (e) => matter(e, "退回了"),
  "case.escalate": (e) => matter(e, "上报了"),
  "case.feed_back": (e) => matter(e, "反馈了"),
  "case.ask_deferral": (e) => matter(e, "申请延期："),
  "case.defer": (e) => matter(e, "延期了"),
  "case.ask_suspension": (e) => matter(e, "申请挂账："),
  "case.suspend": (e) => matter(e, "挂账了"),
  "case.resume": (e) => matter(e, "恢复了"),
  "case.check": (e) => matter(e, "核查了"),
  "case.close": (e) => matter(e, "结案了"),
  "case.close_record": (e) => matter(e, "办结了记录"),
  "case.rework": (e) => matter(e, "要求返工："),
  "case.reassign": (e) => matter(e, "改派了"),
  "case.evaluate": (e) => matter(e, "评价了"),
  "case.reopen": (e) => matter(e, "重新开启"),
  "case.link_report": (e) => matter(e, "将群众反映并入"),
  "case.answer_reporter": (e) => matter(e, "答复了反映人："),
  "case.note": (e) => matter(e, "批注了"),
  "case.reported": (e) => `${text(e.by)} 由反映立案 ${text(e.case_no)}`,
  "case.overdue": (e) => `案件 ${text(e.case_no)} 超时：${text(e.text_zh)}`,
  "dispatch.sent": (e) => `${text(e.by)} 将任务 ${text(e.dispatch)} 派给 ${text(e.unit)}（案件 ${text(e.case_no)}）`,
  "dispatch.accept": (e) => `${text(e.by)} 接收任务 ${text(e.dispatch)}`,
  "dispatch.return": (e) => `${text(e.by)} 退回任务 ${text(e.dispatch)}`,
  "dispatch.reply": (e) => `${text(e.by)} 回复任务 ${text(e.dispatch)}`,
  "dispatch.overdue": (e) => `任务 ${text(e.dispatch)}：${text(e.text_zh)}`,
  "report.received": (e) => `收到群众反映 ${text(e.report)}`,
  "report.link": (e) => `群众反映 ${text(e.report)} 已并入案件 ${text(e.case_no)}`,
  "report.reject": (e) => `${text(e.by)} 不予受理群众反映 ${text(e.report)}`,
  "report.answer": (e) => `${text(e.by)} 答复群众反映 ${text(e.report)}`,
  "report.unanswered": (e) => `群众反映 ${text(e.report)}：${text(e.text_zh)}`,
  "whistle.raised": (e) => `${text(e.by)} 吹哨 ${text(e.whistle)}：${text(e.need)}`,
  "whistle.check_in": (e) => `${text(e.by)} 报到：吹哨 ${text(e.whistle)}`,
  "whistle.fly": (e) => `${text(e.by)} 为吹哨安排飞行： ${text(e.whistle)}`,
  "whistle.withdraw": (e) => `${text(e.by)} 撤回吹哨 ${text(e.whistle)}`,
  "whistle.unanswered": (e) => `吹哨 ${text(e.whistle)}：${text(e.text_zh)}`,
  "notice.drafted": (e) => `情况通报 ${text(e.notice)} 已起草`,
  "notice.edit": (e) => `${text(e.by)} 修改通报 ${text(e.notice)}`,
  "notice.review": (e) => `${text(e.by)} 审核通报 ${text(e.notice)}`,
  "notice.publish": (e) => `${text(e.by)} 发布通报 ${text(e.notice)}`,
  "notice.withdraw": (e) => `${text(e.by)} 撤回通报 ${text(e.notice)}`,
  "sighting.confirm": (e) => `${text(e.by)} 确认巡查发现 ${text(e.sighting)}`,
  "sighting.edit": (e) => `${text(e.by)} 更正巡查发现 ${text(e.sighting)}`,
  "sighting.dismiss": (e) => `${text(e.by)} 排除巡查发现 ${text(e.sighting)}`,
  "telemetry.lost": (e) => `记录缺失：${text(e.text_zh)}`,
  "announcement.overridden": (e) =>
    `${text(e.released_by)} 放行 ${text(e.template)}，${text(e.by)} 越权批准：${text(e.reason)}`,
  "effect.natural": (e) =>
    `未喊话的人群：先 ${people(e.before)}，后 ${people(e.after)}，${VERDICTS[text(e.verdict)] ?? text(e.verdict)}`,
  "effect.resumed": (e) => `重启后继续观察，还剩 ${whole(e.left_s)} 秒`,
  "effect.followed": (e) =>
    (e.relapse_alert_id ? `人群再次聚集：${text(e.relapse_alert_id)}` : `附近出现新的聚集：${text(e.displaced_alert_id)}`),
};

/** Why, in the station's own Chinese words where it gives them. */
function told(event: StoryEvent): string {
  return text(event.reason_zh) || reason(event.reason);
}

/** The reasons that the station gives in English, as far as they are known here. */
function reason(value: unknown): string {
  const said = text(value);
  const asked = /^asked by (.+)$/.exec(said);
  if (asked) return `${asked[1]} 下令`;
  const known = Object.entries(REASONS).find(([start]) => said.startsWith(start));
  return known ? known[1] : said;
}
