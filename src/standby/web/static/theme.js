// Light, dark, or as the system is; and the colours that plots take from the style sheet.

import { byId } from "./dom.js";

const KEY = "standby-theme";
const ORDER = ["auto", "light", "dark"];
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };

function kept() {
  try {
    const value = localStorage.getItem(KEY);
    return ORDER.includes(value) ? value : "auto";
  } catch {
    return "auto"; // storage is off: the choice holds for this page
  }
}

export function startTheme(changed) {
  const button = byId("theme");
  let theme = kept();
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `${SIGNS[theme]} ${theme}`;
    button.setAttribute("aria-label", `Colours: ${theme}. Change.`);
  };
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    try {
      localStorage.setItem("standby-theme", theme);
    } catch {
      // as above
    }
    show();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  show();
}

export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
