// What is left of each window: how much is used, when it begins anew, and when it will run out.

import { byId, fill, h, whenChanged } from "./dom.js";
import { Plot, line } from "./plots.js";
import { colour } from "./theme.js";
import { LENGTHS_S, duration, moment, nowS, percent, windowName } from "./words.js";

const NEAR = 0.8;
const SPENT = 0.95;
const plots = new Map();

const level = (used) => (used === null ? "none" : used >= SPENT ? "bad" : used >= NEAR ? "poor" : "good");

function forecastWords(window) {
  const { runs_out_at: at, earliest, latest, lasts } = window;
  if (window.used === null) return "The cloud has not said how much is used.";
  if (window.left === 0) return "It is spent.";
  if (at !== null) {
    const range = earliest !== null ? ` (${moment(earliest)} to ${latest === null ? "the reset" : moment(latest)})` : "";
    return `At this pace it runs out about ${moment(at)}${range}.`;
  }
  if (lasts) return earliest === null ? "It lasts until the reset."
    : `It probably lasts until the reset; it may run out from ${moment(earliest)} on.`;
  return "There is no forecast yet.";
}

function pace(window) {
  const perHour = window.rate_per_hour;
  return perHour > 0.0005 ? `${(perHour * 100).toFixed(1)} % an hour` : "no use just now";
}

function meter(window) {
  if (window.used === null) return null;
  const share = Math.min(1, window.used);
  return h("div", { class: "meter", data: { level: level(window.used) } },
    h("progress", {
      max: "100", value: (share * 100).toFixed(1),
      "aria-label": `${windowName(window.name)}: used`,
    }, percent(window.used)));
}

function resets(window) {
  if (window.resets_at === null) return null;
  return h("p", {}, "Begins anew ", h("strong", {}, moment(window.resets_at)), ", in ",
    h("span", { data: { until: window.resets_at } }, duration(window.resets_at - nowS())));
}

// The curve so far, and a cone from now to where it may go, up to the reset or a length beyond.
function curve(window) {
  const now = nowS();
  const length = LENGTHS_S[window.name];
  const end = window.resets_at ?? now + (length ?? 86400);
  const begin = length ? end - length : window.history[0]?.[0] ?? now;
  const past = window.history.filter(([at]) => at >= begin && at < now);
  const points = past.map(([at, share]) => [at, share * 100, null, null, null]);
  const used = (window.used ?? 0) * 100;
  const reach = (at) => (at === null ? used : 100);
  points.push([now, used, used, used, used]);
  const middle = window.runs_out_at ?? end;
  for (const at of [window.earliest, middle, window.latest, end]) {
    if (at === null || at <= now || at > end) continue;
    const on = (target, from = now) => {
      if (target === null || target <= from) return Math.min(100, used + (window.rate_per_hour / 36) * (at - now));
      return Math.min(100, used + ((reach(target) - used) * (at - from)) / (target - from));
    };
    points.push([at, null, on(window.runs_out_at), on(window.earliest), on(window.latest)]);
  }
  points.sort((a, b) => a[0] - b[0]);
  const unique = points.filter((point, index) => index === 0 || point[0] > points[index - 1][0]);
  return [0, 1, 2, 3, 4].map((part) => unique.map((point) => point[part])).concat([[begin, end]]);
}

function plotOf(id, window) {
  const place = h("div", { class: "plot" });
  const bounds = { begin: 0, end: 1 };
  const plot = new Plot(place, {
    height: 130,
    value: (tick) => `${tick}%`,
    label: `${windowName(window.name)}: use so far, and what may come`,
    scales: { x: { time: true, range: () => [bounds.begin, bounds.end] }, y: { range: [0, 100] } },
    series: [
      line("ink", { fill: () => colour("wash") }),
      line("accent", { dash: [5, 4], spanGaps: true }),
      line("edge", { width: 1, spanGaps: true }),
      line("edge", { width: 1, spanGaps: true }),
    ],
  });
  plot.options.bands = [{ series: [3, 4], fill: () => colour("cone") }];
  plots.set(id, { place, plot, bounds });
  return plots.get(id);
}

function draw(id, window) {
  const { plot, bounds } = plots.get(id) ?? plotOf(id, window);
  const data = curve(window);
  [bounds.begin, bounds.end] = data.pop();
  plot.set(data, (index) => {
    const value = data[1][index] ?? data[2][index];
    return value === null || value === undefined ? "" : `${moment(data[0][index])}: ${value.toFixed(0)} %`;
  });
}

function card(window, several) {
  const id = `${window.account}/${window.name}`;
  const hasCurve = window.used !== null && (window.history.length > 1 || window.resets_at !== null);
  if (hasCurve && !plots.has(id)) plotOf(id, window);
  return h("article", { class: "card window", data: { level: level(window.used) } },
    h("header", {},
      h("h3", {}, windowName(window.name)),
      several ? h("code", { class: "soft" }, window.account) : null),
    window.used === null ? null : h("p", { class: "big" }, percent(window.used),
      window.left === null ? null : h("span", { class: "soft" }, ` used, ${percent(window.left)} left`)),
    meter(window),
    h("p", { class: "forecast" }, forecastWords(window)),
    hasCurve ? plots.get(id).place : null,
    resets(window),
    window.used === null ? null : h("p", { class: "soft" }, pace(window)),
    window.status && window.status !== "allowed"
      ? h("p", {}, h("span", { class: "tag", data: { colour: "failed" } }, window.status.replace("_", " "))) : null);
}

export const showWindows = whenChanged((accounts) => {
  const windows = accounts.flatMap(({ account, windows: some }) =>
    some.map((window) => ({ account, ...window })));
  const several = new Set(windows.map((window) => window.account)).size > 1;
  const cards = windows.map((window) => card(window, several));
  for (const id of plots.keys()) {
    if (!windows.some((window) => `${window.account}/${window.name}` === id)) plots.delete(id);
  }
  fill(byId("windows-list"), cards.length ? cards
    : h("p", { class: "empty" }, "The cloud has not said anything of a limit yet. What its answers say shows here; nothing is asked for it."));
  for (const window of windows) {
    const id = `${window.account}/${window.name}`;
    if (plots.has(id) && window.used !== null) draw(id, window);
  }
});
