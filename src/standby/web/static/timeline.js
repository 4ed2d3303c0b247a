// Who answered when, with how many tokens and how fast; and each switch with its reason.

import { byId, fill, h, whenChanged } from "./dom.js";
import { Plot, bars, key, line, stacked } from "./plots.js";
import { count, duration, moment, one } from "./words.js";

const RANGES = { "6h": "6 hours", "24h": "24 hours", "7d": "7 days", "30d": "30 days" };
const SIDES = [
  ["cloud", "the cloud"],
  ["local", "this machine"],
  ["both", "both, in one answer"],
  ["failed", "not answered"],
];
const TOKENS = [
  ["cached", "from the cache", "cache_read_tokens"],
  ["input", "in", "input_tokens"],
  ["output", "out", "output_tokens"],
];

let range = "24h";
let plots;

function startPlots() {
  plots = {
    sides: new Plot(byId("timeline-plot"), {
      height: 200, value: count, label: "Who answered, by time",
      series: [...SIDES].reverse().map(([name]) => bars(name)),
    }),
    tokens: new Plot(byId("tokens-plot"), {
      height: 160, value: count, label: "Tokens by time",
      series: [...TOKENS].reverse().map(([name]) => bars(name)),
    }),
    speed: new Plot(byId("speed-plot"), {
      height: 160, value: count, label: "Tokens per second by time",
      series: [
        line("cloud", { points: { show: true, size: 5 }, spanGaps: true }),
        line("local", { points: { show: true, size: 5 }, spanGaps: true }),
      ],
    }),
  };
  fill(byId("timeline-key"), key(SIDES));
  fill(byId("tokens-key"), key(TOKENS));
  fill(byId("speed-key"), key([["cloud", "the cloud"], ["local", "this machine"]]));
}

// The buttons that choose a range; `choose` is told of the new one.
export function startTimeline(choose) {
  startPlots();
  const place = byId("ranges");
  const buttons = Object.entries(RANGES).map(([name, words]) =>
    h("button", {
      type: "button", class: "quiet", data: { key: name }, onclick: () => {
        range = name;
        press();
        choose();
      },
    }, words));
  const press = () => buttons.forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.key === range)));
  fill(place, buttons);
  press();
}

export const currentRange = () => range;

const column = (points, name) => points.map((point) => point[name]);
const sum = (points, name) => points.reduce((total, point) => total + (point[name] ?? 0), 0);

function step(said, index) {
  const from = said.points[index].at;
  return `${moment(from)} to ${moment(from + said.step_s)}`;
}

function sideWords(said) {
  const parts = SIDES.map(([name, words]) => [sum(said.points, name), words])
    .filter(([amount]) => amount > 0).map(([amount, words]) => `${count(amount)} ${words}`);
  return parts.length ? `In ${RANGES[said.range]}: ${parts.join(", ")}.`
    : `No request in the last ${RANGES[said.range]}.`;
}

function mean(points, name) {
  const values = column(points, name).filter((value) => value !== null);
  return values.length ? values.reduce((a, b) => a + b) / values.length : null;
}

function speedWords(said) {
  const parts = ["cloud", "local"].map((side) => {
    const speed = mean(said.points, `${side}_tokens_per_s`);
    const first = mean(said.points, `${side}_first_token_s`);
    if (speed === null && first === null) return null;
    const who = side === "cloud" ? "The cloud" : "This machine";
    const fast = speed === null ? "" : ` ${speed.toFixed(speed < 10 ? 1 : 0)} tokens a second`;
    return `${who}:${fast}${first === null ? "" : `, first word after ${duration(first)}`}.`;
  }).filter(Boolean);
  return parts.join(" ") || "Nothing to measure yet.";
}

function switchLine(one_) {
  const to = one_.to === "cloud" ? "to the cloud" : one_.to === "both" ? "to this machine, in mid-answer" : "to this machine";
  return h("li", {},
    h("time", {}, moment(one_.at)),
    h("span", { class: "tag", data: { colour: one_.to } }, to),
    h("code", {}, one_.model),
    h("span", { class: "soft" }, one_.why));
}

export const showTimeline = whenChanged((said) => {
  const points = said.points;
  const times = column(points, "at");
  plots.sides.set([times, ...stacked(SIDES.map(([name]) => column(points, name)))], (index) =>
    `${step(said, index)}: ${SIDES.map(([name, words]) => [points[index][name], words])
      .filter(([amount]) => amount).map(([amount, words]) => `${amount} ${words}`).join(", ") || "nothing"}`);
  plots.tokens.set([times, ...stacked(TOKENS.map(([, , name]) => column(points, name)))], (index) =>
    `${step(said, index)}: ${TOKENS.map(([, words, name]) => `${count(points[index][name])} ${words}`).join(", ")}`);
  plots.speed.set([times, column(points, "cloud_tokens_per_s"), column(points, "local_tokens_per_s")],
    (index) => ["cloud", "local"].map((side) => [side, points[index][`${side}_tokens_per_s`]])
      .filter(([, speed]) => speed !== null)
      .map(([side, speed]) => `${side} ${speed.toFixed(1)} tokens a second`).join(", "));
  byId("timeline-words").textContent = sideWords(said);
  byId("tokens-words").textContent =
    `${TOKENS.map(([, words, name]) => `${count(sum(points, name))} ${words}`).join(", ")}.`;
  byId("speed-words").textContent = speedWords(said);
  const switches = said.switches.map(switchLine);
  fill(byId("switches"), switches.length ? switches
    : h("li", { class: "empty" }, `The side did not change in the last ${RANGES[said.range]}.`));
  byId("switches").setAttribute("aria-label", one(said.switches.length, "switch", "switches"));
});
