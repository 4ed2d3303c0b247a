// Conversations, and the requests of one of them below it when somebody looks closer.

import { byId, fill, h, whenChanged } from "./dom.js";
import { get } from "./live.js";
import { count, duration, moment, one } from "./words.js";

const SIDES = { cloud: "cloud", local: "local", both: "both", gateway: "gateway", nobody: "nobody" };
const FEW = 8;
const open = new Map();
let all = false;

function share(session) {
  const parts = ["cloud", "local", "both", "failed"].filter((side) => session[side]);
  const words = parts.map((side) => `${session[side]} ${side}`).join(", ");
  return h("span", { class: "share", role: "img", "aria-label": words, title: words },
    parts.map((side) => h("i", { class: "part", data: { colour: side, grow: grown(session[side]) } })));
}

// The policy of the page allows no style in markup; growing in eight steps is exact enough.
const grown = (amount) => Math.min(8, Math.max(1, Math.ceil(Math.log2(amount + 1))));

function requestRow(entry) {
  const failed = entry.outcome !== "ok";
  return h("tr", {},
    h("td", { data: { head: "When" } }, h("time", {}, moment(entry.at))),
    h("td", { data: { head: "Who" } },
      h("span", { class: "tag", data: { colour: failed ? "failed" : entry.by } },
        failed ? `${SIDES[entry.by] ?? entry.by}, ${entry.outcome}` : SIDES[entry.by] ?? entry.by)),
    h("td", { data: { head: "Model" } }, h("code", {}, entry.answered || entry.requested || "–")),
    h("td", { data: { head: "Why" }, class: "wide" }, entry.why || "–"),
    h("td", { data: { head: "Tokens" }, class: "number" },
      `${count(entry.input_tokens + entry.cache_read_tokens + entry.cache_write_tokens)} → ${count(entry.output_tokens)}`),
    h("td", { data: { head: "First word" }, class: "number" },
      entry.first_token_s === null ? "–" : duration(entry.first_token_s)),
    h("td", { data: { head: "In all" }, class: "number" }, duration(entry.duration_s)));
}

function details(said) {
  if (said.error) return h("p", { class: "bad" }, said.error);
  const heads = ["When", "Who", "Model", "Why", "Tokens in → out", "First word", "In all"];
  const shown = said.requests.length;
  const more = said.session.requests > shown ? `, the newest ${shown} of them here` : "";
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Requests of the session" },
    h("p", { class: "soft" },
      h("code", {}, said.session.id), `: ${one(said.session.requests, "request")}${more}`),
    h("table", { class: "requests" },
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, said.requests.map(requestRow))));
}

async function load(id) {
  try {
    return await get(`sessions/${encodeURIComponent(id)}`);
  } catch (error) {
    return { error: `This session cannot be shown: ${error.message}` };
  }
}

async function toggle(id) {
  if (open.has(id)) open.delete(id);
  else open.set(id, await load(id));
  draw();
}

function line(session) {
  const isOpen = open.has(session.id);
  // Requests of programs that name no session have nothing in common to look closer at.
  if (!session.id) return h("li", {}, h("div", { class: "session" }, summary(session)));
  const panel = `session-${session.id}`;
  const button = h("button", {
    type: "button", class: "session", "aria-expanded": String(isOpen), "aria-controls": panel,
    data: { key: session.id }, onclick: () => toggle(session.id),
  }, summary(session));
  return h("li", {}, button,
    h("div", { id: panel, class: "session-more", hidden: !isOpen },
      isOpen ? details(open.get(session.id)) : null));
}

function summary(session) {
  return [
    h("span", { class: "session-name" },
      h("strong", {}, session.project ? session.project.split(/[\\/]/).pop() : "no project"),
      h("code", {}, session.id ? session.id.slice(0, 8) : "no session named")),
    share(session),
    h("span", { class: "number" }, one(session.requests, "request")),
    h("span", { class: "number" },
      `${count(session.input_tokens)} → ${count(session.output_tokens)} tokens`),
    h("time", { class: "number" }, moment(session.last_at)),
  ];
}

let sessions = [];

function draw() {
  const list = byId("sessions-list");
  if (!sessions.length) {
    fill(list, h("p", { class: "empty" }, "No session in the ledger yet."));
    return;
  }
  const shown = all ? sessions : sessions.slice(0, FEW);
  const more = sessions.length > FEW ? h("p", { class: "more" }, h("button", {
    type: "button", class: "quiet", data: { key: "more" }, onclick: () => {
      all = !all;
      draw();
    },
  }, all ? "Show fewer" : `Show ${sessions.length - FEW} more`)) : null;
  fill(list, h("ul", { class: "plain lines" }, shown.map(line)), more);
}

const changed = whenChanged(() => draw());

export async function showSessions(said) {
  sessions = said.sessions;
  const there = new Map(sessions.map((session) => [session.id, session]));
  await Promise.all([...open.keys()].map(async (id) => {
    const known = open.get(id)?.session?.requests;
    if (there.has(id) && there.get(id).requests !== known) open.set(id, await load(id));
  }));
  changed([sessions, [...open.keys()]]);
}
