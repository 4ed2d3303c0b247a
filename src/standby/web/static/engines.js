// The engines of this machine: what they hold, and how busy they are.

import { byId, fill, h, whenChanged } from "./dom.js";
import { bytes, count, one } from "./words.js";

function slots(engine) {
  if (engine.slots === null) return null;
  const seats = Array.from({ length: Math.min(engine.slots, 16) }, (_, seat) =>
    h("i", { class: "seat", data: { busy: seat < engine.busy } }));
  const waiting = engine.waiting ? `, ${engine.waiting} waiting` : "";
  return h("div", { class: "seats" },
    h("span", { "aria-hidden": "true" }, seats),
    h("span", {}, `${engine.busy} of ${one(engine.slots, "slot")} busy${waiting}`));
}

function model(entry) {
  const abilities = [
    entry.context_tokens === null ? null : `${count(entry.context_tokens)} tokens`,
    entry.tools ? "tools" : null,
    entry.vision ? "images" : null,
    entry.rehearsal ? "for rehearsals" : null,
  ].filter(Boolean);
  return h("li", { class: "model-line" },
    h("span", { class: "dot", data: { on: entry.loaded }, "aria-hidden": "true" }),
    h("code", { title: entry.id }, entry.id),
    h("span", { class: "tag" }, entry.loaded ? "loaded" : "not loaded"),
    h("span", { class: "soft" }, abilities.join(", ")));
}

function card(engine) {
  const facts = [
    engine.memory_bytes === null ? null : `${bytes(engine.memory_bytes)} of memory`,
  ].filter(Boolean);
  return h("article", { class: "card" },
    h("h3", {}, engine.engine),
    h("p", { class: "soft" }, engine.base_url || "started when it is needed"),
    h("ul", { class: "plain" }, engine.models.map(model)),
    slots(engine),
    facts.length ? h("p", {}, facts.join(", ")) : null);
}

export const showEngines = whenChanged((state) => {
  const cards = state.engines.map(card);
  if (!cards.length) {
    cards.push(h("p", { class: "empty" }, state.problem ?? "No local model is there.",
      " ", h("code", {}, "standby models"), " shows which one would suit this machine."));
  }
  if (state.fetching) cards.unshift(h("p", { class: "empty" }, state.fetching));
  fill(byId("engines-list"), cards);
});
