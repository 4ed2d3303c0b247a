// Numbers and times as a person says them, in the person's own language and time zone.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayClock = new Intl.DateTimeFormat(undefined, {
  weekday: "short", hour: "2-digit", minute: "2-digit",
});
const dateClock = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});

export const nowS = () => Date.now() / 1000;
export const count = (value) => (value >= 10000 ? short : whole).format(value);
export const percent = (share) => `${whole.format(Math.min(9.99, share) * 100)} %`;

export function moment(at) {
  const date = new Date(at * 1000);
  const away = Math.abs(at - nowS());
  if (date.toDateString() === new Date().toDateString()) return clock.format(date);
  return (away < 6 * DAY ? dayClock : dateClock).format(date);
}

export function duration(seconds) {
  const left = Math.max(0, seconds);
  if (left < 10) return `${left.toFixed(1)} s`;
  if (left < MINUTE) return `${Math.round(left)} s`;
  if (left < HOUR) return `${Math.round(left / MINUTE)} min`;
  if (left < 2 * DAY) {
    const minutes = Math.floor((left % HOUR) / MINUTE);
    return `${Math.floor(left / HOUR)} h ${String(minutes).padStart(2, "0")} min`;
  }
  return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`;
}

export const until = (at) => (at > nowS() ? `in ${duration(at - nowS())}` : "now");
export const ago = (at) => `${duration(nowS() - at)} ago`;

export function bytes(size) {
  if (size >= 2 ** 30) return `${(size / 2 ** 30).toFixed(1)} GiB`;
  return `${whole.format(size / 2 ** 20)} MiB`;
}

export function money(dollars) {
  const digits = dollars >= 100 ? 0 : 2;
  return `$${dollars.toLocaleString(undefined, {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  })}`;
}

export const one = (amount, thing, things = `${thing}s`) =>
  `${count(amount)} ${amount === 1 ? thing : things}`;

export const WINDOWS = {
  "5h": "5 hours",
  "7d": "7 days",
  "7d_oi": "7 days, overage included",
  "7d_opus": "7 days, Opus",
  "7d_sonnet": "7 days, Sonnet",
  overage: "Paid overage",
};
export const windowName = (name) => WINDOWS[name] ?? name;

export const LENGTHS_S = {
  "5h": 5 * HOUR, "7d": 7 * DAY, "7d_oi": 7 * DAY, "7d_opus": 7 * DAY, "7d_sonnet": 7 * DAY,
};
