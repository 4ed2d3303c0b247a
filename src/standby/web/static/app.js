// The page: what is live comes by events; what is long is asked for when something has changed.

import { byId } from "./dom.js";
import { showEngines } from "./engines.js";
import { get, listen, Refused } from "./live.js";
import { showModes, startModes } from "./modes.js";
import { showFoot, showNow, showSince } from "./now.js";
import { recolour } from "./plots.js";
import { showSessions } from "./sessions.js";
import { startTheme } from "./theme.js";
import { currentRange, showTimeline, startTimeline } from "./timeline.js";
import { showTotals } from "./totals.js";
import { showWindows } from "./windows.js";
import { ago, duration, nowS } from "./words.js";

const LOOK_EVERY_MS = 15000;
const REST_MS = 1500;
let last;

function tell(words) {
  const place = byId("notice");
  place.textContent = words;
  place.hidden = !words;
}

function state(name) {
  const place = byId("live");
  const words = { live: "live", waiting: "connecting", over: "closed" };
  if (place.dataset.state !== name) {
    place.dataset.state = name;
    place.textContent = words[name];
  }
  if (name === "over") tell("This visit is over. Run “standby dashboard” in a terminal for a new link.");
  if (name === "live") tell("");
}

async function look() {
  const [timeline, sessions] = await Promise.allSettled([
    get(`timeline?range=${currentRange()}`), get("sessions?limit=50"),
  ]);
  const failed = [timeline, sessions].find((one) => one.status === "rejected");
  if (failed?.reason instanceof Refused && failed.reason.status !== 401) tell(failed.reason.message);
  if (timeline.status === "fulfilled") showTimeline(timeline.value);
  if (sessions.status === "fulfilled") await showSessions(sessions.value);
}

// One look at a time, and a rest after it, however much happens meanwhile.
function looker() {
  let running = false;
  let again = false;
  return async function soon() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await look();
      await new Promise((done) => setTimeout(done, REST_MS));
    } finally {
      running = false;
    }
    if (again) {
      again = false;
      soon();
    }
  };
}

function countDown() {
  for (const element of document.querySelectorAll("[data-until]")) {
    element.textContent = duration(Number(element.dataset.until) - nowS());
  }
  for (const element of document.querySelectorAll("[data-ago]")) {
    element.textContent = ago(Number(element.dataset.ago));
  }
}

function start() {
  const soon = looker();
  startModes(tell);
  startTheme(recolour);
  startTimeline(() => look());
  listen({
    status: (said) => {
      showNow(said);
      showModes(said.policy);
      showFoot(said);
      const now = [said.answering, said.last?.id].join();
      if (now !== last) soon();
      last = now;
    },
    usage: (said) => {
      showWindows(said.accounts);
      showSince(said.now);
      showTotals([["Today", said.today], ["Seven days", said.week]], said);
    },
    engines: showEngines,
  }, state);
  soon();
  setInterval(soon, LOOK_EVERY_MS);
  setInterval(countDown, 1000);
}

start();
