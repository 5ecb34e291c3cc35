// Checks the HTML report and the website in a browser: filters, keyboard, themes, print, escaping, width and
// accessibility.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let passed = 0;

/** Opens a page; console messages, dialogs and network requests are collected as problems. */
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on("console", (message) => page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("dialog", (dialog) => page.problems.push(dialog.message()));
  await page.route("**", (route) => {
    const url = route.request().url();
    if (url.startsWith("file:")) return route.continue();
    page.problems.push(`requests ${url}`);
    return route.abort();
  });
  await page.goto(`file://${folder}/${name}.html`);
  return page;
}

async function check(sentence, page, test) {
  await test(page);
  assert.deepEqual(page.problems, [], `${sentence}: the console and the network are silent`);
  await page.context().close();
  passed += 1;
  console.log(`holds  ${sentence}`);
}

const visible = (page) => page.locator("details.finding:visible");

await check("the verdict comes first, with the totals", await open("wrong"), async (page) => {
  assert.match(await page.locator("#verdict").innerText(), /finding/);
  assert.match(await page.locator(".totals").innerText(), /unexpected/);
});

await check("the picture has a mark with a title for each set", await open("wrong"), async (page) => {
  assert.equal(await page.locator("section .corner:has(title)").count(), 512);
  const deleted = await page.locator(".corner.deleted title").allTextContents();
  assert.ok(deleted.includes("MFA device: wrongly deleted"), deleted.join("; "));
  assert.ok(deleted.every((it) => it.includes("MFA device")), deleted.join("; "));
  assert.equal(await page.locator("svg .corner.missing:has(title)").count(), 0);
});

await check("the table of the nine kinds shows the verdicts", await open("wrong"), async (page) => {
  assert.match(await page.locator("tr", { hasText: "MFA device" }).innerText(), /deleted, must be refused/);
  assert.equal(await page.locator("tbody tr").count(), 9);
});

await check("findings can be filtered and searched", await open("wrong"), async (page) => {
  const all = await visible(page).count();
  assert.ok(all > 0);
  await page.getByLabel("Search").fill("no such words anywhere");
  assert.equal(await visible(page).count(), 0);
  assert.ok(await page.getByText("Nothing matches.").isVisible());
  await page.getByLabel("Search").fill("holds-mfa-device");
  assert.equal(await visible(page).count(), 1);
  await page.getByLabel("Search").fill("");
  await page.getByLabel("unexpected").uncheck();
  assert.equal(await visible(page).count(), 0);
  await page.getByLabel("unexpected").check();
  await page.getByLabel("Tier").selectOption("text");
  assert.equal(await page.locator("details.finding[data-tier=status]:visible").count(), 0);
});

await check("a finding can be opened and its command copied with the keyboard", await open("wrong", { permissions: ["clipboard-read", "clipboard-write"] }), async (page) => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  const summary = visible(page).first().locator("summary");
  for (let tabs = 0; tabs < 40 && !(await summary.evaluate((it) => it === document.activeElement)); tabs += 1) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  const first = visible(page).first();
  assert.ok(await first.getByRole("heading", { name: "Expected" }).isVisible());
  const button = first.getByRole("button", { name: "Copy" }).first();
  await button.focus();
  await page.keyboard.press("Enter");
  await first.getByRole("button", { name: "Copied" }).waitFor();
  const command = await first.locator(".copy pre").first().innerText();
  assert.match(command, /^iamspec run --mutant forgets-mfa-device /);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
});

await check("the theme can be changed", await open("wrong", { colorScheme: "dark" }), async (page) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.getByRole("button", { name: "Dark or light" }).click();
  assert.notEqual(await paper(), dark);
});

await check("no part of the page is wider than a phone", await open("wrong", { viewport: { width: 375, height: 800 } }), async (page) => {
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
  const [width, limit] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= limit, `${width} pixels on a screen of ${limit}`);
});

await check("all details are open in print", await open("wrong"), async (page) => {
  await page.pdf();
  assert.equal(await page.locator("details:not([open])").count(), 0);
});

await check("responses are shown as text only", await open("hostile"), async (page) => {
  const first = page.locator("details.finding", { hasText: "<script>hostile()" }).first();
  await first.evaluate((it) => { it.open = true; });
  assert.equal(await page.locator("main script, main img").count(), 0);
  const links = await page.locator("a[href]").evaluateAll((all) => all.map((it) => it.getAttribute("href")));
  assert.deepEqual(links.filter((it) => !/^(#|https:\/\/)/.test(it)), []);
  assert.equal(await page.locator("[onmouseover]").count(), 0);
});

await check("the matrix links to the page of each endpoint", await open("matrix"), async (page) => {
  assert.match(await page.locator("tr", { hasText: "MFA device" }).first().innerText(), /✗ · · 200\s+✓ ✓ ✓/);
  await page.locator("thead a").first().click();
  assert.match(await page.locator("#verdict").innerText(), /finding/);
});

const emulator = "site/emulators/the-embedded-reference-endpoint--mutant-forgets-mfa-device";
const rule = "site/rules/DeleteUser/holds-mfa-device";
const sitePages = ["site/index", "site/rules", rule, "site/operations/DeleteUser", "site/delete-user", "site/facts", "site/emulators"];
// One page for each run, beside its badge.
const ofRuns = readdirSync(`${folder}/site/emulators`).filter((it) => it.endsWith(".html"));
sitePages.push(...ofRuns.map((it) => `site/emulators/${it.replace(".html", "")}`));
assert.ok(sitePages.includes(emulator), sitePages.join(" "));

await check("a finding of the site leads to its rule, and the rule to its evidence", await open(emulator), async (page) => {
  await visible(page).first().evaluate((it) => { it.open = true; });
  await page.getByRole("link", { name: "The rule and its evidence" }).first().click();
  assert.equal(await page.locator("h1").innerText(), "DeleteUser/holds-mfa-device");
  await page.getByRole("link", { name: "A-013", exact: true }).first().click();
  assert.ok(page.url().endsWith("/site/facts.html#A-013"), page.url());
});

await check("the list of rules can be filtered", await open("site/rules"), async (page) => {
  const all = await page.locator("section.text li:visible").count();
  await page.getByLabel("Filter").fill("holds-mfa-device");
  assert.equal(await page.locator("section.text li:visible").count(), 1);
  assert.equal(await page.locator("section.text h2:visible").count(), 1);
  await page.getByLabel("Filter").fill("");
  assert.equal(await page.locator("section.text li:visible").count(), all);
});

await check("the list of rules is complete without scripts", await open("site/rules", { javaScriptEnabled: false }), async (page) => {
  assert.ok(await page.getByRole("link", { name: "DeleteUser/holds-mfa-device" }).isVisible());
});

for (const name of sitePages) {
  await check(`no part is wider than a phone: ${name}`, await open(name, { viewport: { width: 390, height: 800 } }), async (page) => {
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
    const [width, limit] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= limit, `${width} pixels on a screen of ${limit}`);
  });
}

for (const name of ["wrong", "right", "matrix", ...sitePages]) {
  for (const colorScheme of ["light", "dark"]) {
    await check(`axe reports no violation: ${name}, ${colorScheme}`, await open(name, { colorScheme }), async (page) => {
      await page.evaluate(() => [...document.querySelectorAll("details")].slice(0, 12).forEach((it) => { it.open = true; }));
      await page.addScriptTag({ path: axe }).catch(async () => {
        // The content security policy of the page blocks the script tag; evaluate is allowed.
        await page.evaluate(await (await import("node:fs/promises")).readFile(axe, "utf8"));
      });
      const results = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "best-practice"] }));
      const violations = results.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).slice(0, 3)}`);
      assert.deepEqual(violations, []);
      page.problems = [];
    });
  }
}

await browser.close();
console.log(`${passed} passed, 0 failed`);
