// The buttons that choose who answers. They want the key that the link has left in the page: a
// cookie may be sent by others, and only looks.

import { byId, fill, h, whenChanged } from "./dom.js";
import { change, Refused } from "./live.js";

const KEY = "standby-hand";
const MODES = {
  auto: ["Auto", "The cloud while it serves, then this machine"],
  spare: ["Spare", "What is of little value goes here early, so that the quota lasts"],
  local: ["Local", "No cloud"],
  cloud: ["Cloud", "No local model"],
};
const SHORT_S = 7200;
let tell;

// Taken out of the address at once, and kept for this tab and this port alone.
function hand() {
  const found = /^#([0-9A-Za-z]{43})$/.exec(location.hash);
  try {
    if (found) sessionStorage.setItem(KEY, found[1]);
    if (found) history.replaceState(null, "", location.pathname);
    return sessionStorage.getItem(KEY);
  } catch {
    if (found) history.replaceState(null, "", location.pathname);
    return found ? found[1] : null; // storage is off: it holds for this page
  }
}

export function startModes(complain) {
  tell = complain;
  const held = hand();
  const short = h("input", { type: "checkbox", id: "mode-short" });
  const buttons = Object.entries(MODES).map(([name, [words, more]]) => h("button", {
    type: "button", class: "quiet", title: more, data: { key: name }, disabled: !held,
    onclick: () => choose(held, name, short.checked),
  }, words));
  short.disabled = !held;
  fill(byId("modes-buttons"), buttons);
  fill(byId("modes-short"), h("label", { class: "check" }, short, "for 2 hours"));
  if (!held) byId("modes-words").textContent = "To choose here, open this page with “standby dashboard”.";
}

async function choose(held, what, short) {
  try {
    showModes(await change(`use?what=${what}${short ? `&for_s=${SHORT_S}` : ""}`, held));
    tell("");
  } catch (error) {
    tell(error instanceof Refused && error.status !== 401 ? error.message
      : "This could not be chosen: open the page with a new link of “standby dashboard”.");
  }
}

export const showModes = whenChanged((policy) => {
  if (!policy?.mode) return;
  for (const button of byId("modes-buttons").children) {
    const pressed = button.dataset.key === policy.mode && !policy.model;
    button.setAttribute("aria-pressed", String(pressed));
  }
  if (byId("modes-short").querySelector("input")?.disabled) return;
  const more = policy.model ? `${policy.model} answers, by choice` : MODES[policy.mode]?.[1] ?? "";
  byId("modes-words").textContent = policy.until_told ? `${more}; until ${policy.until_told}` : more;
});
