// Who answers now, why, since when, and when that changes.

import { byId, fill, h, whenChanged } from "./dom.js";
import { ago, duration, moment, nowS } from "./words.js";

function headline(status) {
  switch (status.answering) {
    case "cloud": return "The cloud answers";
    case "local": return "This machine answers";
    default: return "Nobody can answer";
  }
}

function changes(status) {
  if (status.answering === "cloud") return null;
  if (status.until === null) return h("p", {}, "Back when the cloud says so; it is asked now and then.");
  const left = h("strong", { data: { until: status.until } }, duration(status.until - nowS()));
  return h("p", {}, "Back to the cloud about ", h("strong", {}, moment(status.until)), ", in ", left);
}

function next(status) {
  const model = status.local?.would_take_over;
  if (status.answering === "local") return null;
  if (!model) return h("p", { class: "bad" }, status.local?.problem ?? "No local model would take over.");
  return h("p", {},
    "If the cloud refuses: ", h("code", {}, model.key), " takes over",
    model.loaded ? ", loaded" : ", loaded then",
    model.rehearsal ? "; a model for rehearsals, not for work" : "");
}

function last(entry) {
  if (!entry) return h("p", { class: "soft" }, "No request has come yet.");
  const who = { cloud: "the cloud", both: "the cloud, then this machine", local: "this machine" };
  return h("p", { class: "soft" }, "Last request ", h("time", { data: { ago: entry.at } }, ago(entry.at)),
    `: ${who[entry.by] ?? entry.by}, ${entry.outcome}`);
}

let since;

// What a person has chosen with `standby use`; the ordinary mode needs no words.
function mode(policy) {
  if (!policy?.mode || (policy.mode === "auto" && !policy.model)) return null;
  const end = policy.until_told ? ` until ${policy.until_told}` : "";
  return h("p", {}, "Mode ", h("span", { class: "tag" }, policy.model || policy.mode), end);
}

const show = whenChanged((_, status) => {
  const place = byId("now");
  place.dataset.side = status.answering;
  fill(place,
    h("div", { class: "now-sign", "aria-hidden": "true" }),
    h("div", { class: "now-words" },
      h("p", { class: "headline", role: "status" }, headline(status)),
      h("p", { class: "soft", id: "since" }, since?.side === status.answering && since.since !== null
        ? `since ${moment(since.since)}` : ""),
      status.model ? h("p", { class: "model" }, h("code", {}, status.model)) : null,
      status.why ? h("p", { class: "why" }, status.why) : null,
      mode(status.policy),
      changes(status)),
    h("div", { class: "now-next" }, next(status), last(status.last)));
});

export function showNow(status) {
  const { answering, model, why, until, local, last: entry } = status;
  show([status.policy, answering, model, why, until, local?.would_take_over, entry?.id, local?.problem], status);
}

// Since when that side answers is known to the ledger, and comes with the report.
export const showSince = whenChanged((now) => {
  since = now;
  const place = byId("since");
  if (place) place.textContent = now.since === null ? "" : `since ${moment(now.since)}`;
});

export function showFoot(status) {
  const ledger = status.ledger;
  const kept = !ledger.enabled ? "off" : ledger.degraded ? `not kept: ${ledger.degraded}` : "kept";
  fill(byId("foot"),
    h("span", {}, `standby ${status.version}`),
    h("span", {}, `up ${duration(status.uptime_s)}`),
    h("span", {}, `pid ${status.pid}`),
    h("span", {}, "cloud ", h("code", {}, status.cloud.url)),
    h("span", {}, `ledger ${kept}`),
    h("a", { href: "/standby/api/v1/openapi.json" }, "API"));
}
