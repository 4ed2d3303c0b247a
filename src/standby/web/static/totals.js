// What was spent: today, in a week, and what it would have cost.

import { byId, fill, h, whenChanged } from "./dom.js";
import { count, duration, money } from "./words.js";

function figure(value, words, title) {
  return h("div", { class: "figure", title }, h("dt", {}, words), h("dd", {}, value));
}

function span(name, total) {
  const speed = total.tokens_per_s;
  const first = total.first_token_median_s;
  return h("article", { class: "card" },
    h("h3", {}, name),
    h("dl", {},
      figure(count(total.requests), "requests"),
      figure(count(total.saved), "saved", "answered although the cloud had refused"),
      figure(count(total.switches), "switches"),
      figure(count(total.input_tokens), "tokens in"),
      figure(count(total.cache_read_tokens), "cached", "tokens of prompts that came from a cache"),
      figure(count(total.output_tokens), "tokens out"),
      first === null ? null : figure(duration(first), "first word", "half of them came sooner"),
      speed === null ? null : figure(`${speed.toFixed(speed < 10 ? 1 : 0)}/s`, "tokens"),
      figure(money(total.cloud_cost_usd), "list price", "what the cloud answers cost at list prices"),
      figure(money(total.local_cost_usd), "not paid", "what the local answers would have cost")));
}

// `report`: what says how the prices are to be read.
export const showTotals = whenChanged((totals, report) => {
  const unpriced = report.week.unpriced.length ? `; without a price: ${report.week.unpriced.join(", ")}` : "";
  const energy = report.energy_j === null ? "" : ` The machine has used ${(report.energy_j / 3.6e6).toFixed(2)} kWh since the gateway began.`;
  fill(byId("totals-list"), totals.map(([name, total]) => span(name, total)));
  byId("totals-words").textContent = `List prices of ${report.prices_dated}${unpriced}.${energy}${report.problem ? ` ${report.problem}` : ""}`;
});
