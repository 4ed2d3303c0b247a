// Plots by uPlot, in the colours of the page. What a plot shows stands beside it in words, too.

import uPlot from "/standby/vendor/uPlot.esm.js";
import { h } from "./dom.js";
import { colour } from "./theme.js";

const FONT = '12px system-ui, sans-serif';
const drawn = new Set();
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

// Hours within a day, days beyond: in the order and with the clock of the reader.
function times(_, ticks) {
  const apart = ticks.length > 1 ? ticks[1] - ticks[0] : 0;
  const whole = ticks.at(-1) - ticks[0];
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (apart >= 86400) return whole > 8 * 86400 ? day.format(date) : weekday.format(date);
    return midnight ? weekday.format(date) : clock.format(date);
  });
}

function axis(options = {}) {
  return {
    stroke: () => colour("soft"),
    font: FONT,
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...options,
  };
}

// A plot that is as wide as its place; `set` gives it data, and draws it anew in other colours.
export class Plot {
  constructor(place, { height = 180, series, scales, value, label, hooks = {}, right }) {
    this.place = place;
    this.height = height;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", label);
    this.options = {
      width: 300,
      height,
      padding: [8, 18, 0, 0],
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { x: { time: true }, ...scales },
      series: [{}, ...series],
      axes: [
        axis({ space: 60, size: 28, values: times }),
        axis({ size: 46, values: (_, ticks) => ticks.map(value), space: 34 }),
        ...(right ? [axis({ scale: right.scale, side: 1, size: 46, grid: { show: false } })] : []),
      ],
      hooks: { setCursor: [(plot) => this.point(plot)], ...hooks },
    };
    this.readout = h("p", { class: "readout", "aria-hidden": "true" });
    this.frame = new ResizeObserver(() => this.fit());
    this.frame.observe(place);
    drawn.add(this);
  }

  set(data, say) {
    this.data = data;
    this.say = say;
    if (!this.plot) {
      this.plot = new uPlot(this.options, data, this.place);
      this.place.append(this.readout);
      this.fit();
    } else {
      this.plot.setData(data);
    }
  }

  fit() {
    const width = Math.floor(this.place.clientWidth);
    if (this.plot && width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: this.height });
    }
  }

  point(plot) {
    const { idx, left } = plot.cursor;
    const words = idx === null || idx === undefined || left < 0 ? "" : this.say?.(idx);
    this.readout.textContent = words || "";
    this.readout.hidden = !words;
  }
}

export function recolour() {
  for (const plot of drawn) plot.plot?.redraw(false, true);
}

// Series that stand on each other, first lowest: uPlot draws the sums, the highest first.
export function stacked(rows) {
  const sums = rows.map((row) => [...row]);
  for (let row = 1; row < sums.length; row += 1) {
    sums[row] = sums[row].map((value, at) => value + sums[row - 1][at]);
  }
  return sums.reverse();
}

export function bars(name, width = 0.78) {
  return {
    paths: uPlot.paths.bars({ size: [width, 40], align: 1, radius: 0.12 }),
    points: { show: false },
    stroke: () => colour(name),
    fill: () => colour(name),
    width: 0,
  };
}

export function line(name, more = {}) {
  return {
    stroke: () => colour(name),
    width: 2,
    points: { show: false },
    spanGaps: false,
    ...more,
  };
}

export function key(entries) {
  return entries.map(([name, words]) =>
    h("span", { class: "key-entry" }, h("i", { class: "swatch", data: { colour: name } }), words));
}
