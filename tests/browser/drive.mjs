// Drives a browser for the tests: a step a line in, as JSON; what came of it a line out.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [, , tools, executable, profile] = process.argv;
const load = createRequire(`${tools}/package.json`);
const { chromium } = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");

const STEP_MS = 15000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const said = [];
const asked = [];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: executable, headless: true, args: FLAGS, timeout: 30000,
  viewport: { width: 1280, height: 900 }, timezoneId: "UTC", locale: "en-GB",
  bypassCSP: false, reducedMotion: "reduce",
});
context.setDefaultTimeout(STEP_MS);
const page = context.pages()[0] ?? (await context.newPage());
page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
page.on("pageerror", (error) => said.push(`pageerror: ${error.message}`));
context.on("request", (request) => asked.push(request.url()));

const STEPS = {
  open: async ({ url }) => (await page.goto(url)).status(),
  wait: ({ selector }) => page.waitForSelector(selector).then(() => true),
  // Asked through the debugger again and again: the policy of the page lets no text be run in it.
  async until({ script }) {
    const late = Date.now() + STEP_MS;
    while (!(await page.evaluate(script))) {
      if (Date.now() > late) throw new Error(`not within ${STEP_MS} ms: ${script}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    return true;
  },
  text: ({ selector }) => page.innerText(selector),
  texts: ({ selector }) => page.locator(selector).allInnerTexts(),
  run: ({ script }) => page.evaluate(script),
  click: ({ selector }) => page.click(selector),
  press: ({ key }) => page.keyboard.press(key),
  size: ({ width, height }) => page.setViewportSize({ width, height }),
  colours: ({ scheme }) => page.emulateMedia({ colorScheme: scheme }),
  picture: ({ path, full }) => page.screenshot({ path, fullPage: full, type: "png" }).then(() => true),
  cookies: () => context.cookies(),
  said: () => said,
  asked: () => asked,
  async axe() {
    // The policy of the page forbids markup of ours, not what the debugger puts into it.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
      resultTypes: ["violations"],
    }));
    return violations.map(({ id, impact, help, nodes }) => ({
      id, impact, help, where: nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`),
    }));
  },
};

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await STEPS[step](given)) ?? null };
  } catch (error) {
    answer = { error: `${step}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await context.close();
