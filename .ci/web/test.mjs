// Looks at HTML reports as a browser shows them. Usage: node test.mjs FOLDER [PICTURES]
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2];
const pictures = process.argv[3]; // where pictures go; none are taken without it
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const widths = [360, 800, 1400];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid() === 0 ? ["--no-sandbox"] : [], // Chromium refuses its sandbox to root
});
let tests = 0;

// test opens a report in a browser of its own, and fails on whatever goes wrong by itself:
// a message in the console, an error, a dialog, and a request for anything but the report.
async function test(name, report, options, look) {
  const { now, ...context } = options;
  const tab = await browser.newContext({ viewport: { width: 1400, height: 900 }, colorScheme: "light", ...context });
  const address = pathToFileURL(join(folder, report)).href;
  tab.setDefaultTimeout(120_000); // a busy machine is no fault
  const wrong = [];
  try {
    const page = await tab.newPage();
    if (now !== undefined) await page.clock.setFixedTime(new Date(now));
    page.on("console", (message) => wrong.push(`console: ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`error: ${error}`));
    page.on("dialog", (dialog) => { wrong.push("a dialog"); dialog.dismiss(); });
    page.on("request", (request) => { if (request.url().split("#")[0] !== address) wrong.push(`a request for ${request.url()}`); });
    page.on("popup", () => wrong.push("a window"));
    await page.goto(address);
    await look(page);
    assert.deepEqual(wrong, []);
    assert.notEqual(await page.title(), "harmed");
    tests++;
  } catch (error) {
    throw new Error(`${report}: ${name}: ${error.message}`, { cause: error });
  } finally {
    await tab.close();
  }
}

const shown = (page) => page.$$eval(".check", (all) => all.filter((check) => !check.hidden).map((check) => check.dataset.status));
const statuses = (page) => page.$$eval(".count", (all) => all.map((count) => count.dataset.status));

// accessible fails on whatever axe-core finds, also in what was folded.
async function accessible(page) {
  await page.$$eval("details", (all) => all.forEach((fold) => { fold.open = true; }));
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join(" | ")}`));
  assert.deepEqual(violations, []);
}

for (const report of ["waived.html", "primary-broken.html", "no-product.html", "hostile.html", "changed.html", "large.html", "logs.html"]) {
  for (const width of widths) {
    await test(`${width} pixels wide`, report, { viewport: { width, height: 900 } }, async (page) => {
      if (report !== "large.html") await page.$$eval("details", (all) => all.forEach((fold) => { fold.open = true; }));
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(widest <= width, `it is ${widest} pixels wide`);
    });
  }
}
for (const [report, ...schemes] of [
  ["waived.html", "light", "dark"], ["changed.html", "light", "dark"], ["primary-broken.html", "light"], ["logs.html", "light", "dark"], ["primary.html", "dark"], ["no-product.html", "light", "dark"],
]) {
  for (const colorScheme of schemes) await test(`accessible, ${colorScheme}`, report, { colorScheme }, accessible);
}
await test("accessible, narrow", "hostile.html", { viewport: { width: 360, height: 900 } }, accessible);

const histories = ["history.html", "history-month.html", "history-year.html"];
for (const report of histories) {
  for (const width of widths) {
    await test(`${width} pixels wide`, report, { viewport: { width, height: 900 } }, async (page) => {
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(widest <= width, `it is ${widest} pixels wide`);
    });
  }
  for (const colorScheme of ["light", "dark"]) await test(`accessible, ${colorScheme}`, report, { colorScheme }, accessible);
  await test("accessible, narrow", report, { viewport: { width: 360, height: 900 } }, accessible);
  await test("print", report, { javaScriptEnabled: false }, async (page) => {
    const paper = await page.pdf({ format: "A4" });
    assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
  });
}
await test("chart of a history", "history-month.html", {}, async (page) => {
  // Each day is told: what was found, its verdict by a sign, and a day without a run as such.
  const days = await page.$$eval(".chart g", (all) => all.map((day) => ({
    title: day.querySelector("title").textContent, parts: day.querySelectorAll("rect:not(.ground)").length,
    sign: day.querySelector("use")?.getAttribute("href"), missing: day.querySelector(".missing") !== null,
  })));
  assert.equal(days.length, 30);
  for (const day of days) {
    assert.equal(day.missing, day.title.endsWith(": no run"));
    assert.equal(day.parts > 0, !day.missing, day.title);
    assert.equal(day.sign !== undefined, !day.missing, day.title);
    if (day.title.includes(": BLOCKED")) assert.equal(day.sign, "#s-failed");
  }
  // Kinds of findings differ in more than their colour.
  const fills = await page.evaluate(() => ["failed", "unknown", "warning"].map((kind) => getComputedStyle(document.querySelector(`.chart rect.${kind}`)).fill));
  assert.match(fills[1], /p-unknown/);
  assert.match(fills[2], /p-warning/);
  assert.match(await page.locator(".chart").getAttribute("aria-label"), /30 days from 2026-01-01 to 2026-01-30: .* 4 without a run/);
  assert.equal(await page.locator(".runs tbody tr").count(), 26);
  for (const text of await page.$$eval(".runs tbody td:nth-child(2)", (all) => all.map((cell) => cell.textContent.trim()))) {
    assert.match(text, /^(READY|READY WITH WARNINGS|BLOCKED|INCOMPLETE)$/);
  }
});

for (const report of ["primary-broken.html", "hostile.html"]) {
  await test("without script", report, { javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator("#filter").isVisible(), false);
    assert.equal(await page.locator(".check[data-status=failed] .do").first().isVisible(), true);
    assert.equal(await page.locator("details.check[data-status=passed]").first().isVisible(), false);
    for (const summary of await page.locator(".group > summary").all()) await summary.click();
    // Every check can be seen, and unfolded with the keyboard alone.
    for (const check of await page.locator(".check").all()) assert.equal(await check.isVisible(), true);
    const passed = page.locator("details.check[data-status=passed]").first();
    await passed.locator("summary").first().press("Enter");
    assert.equal(await passed.locator(".evidence").isVisible(), true);
    for (const count of await page.locator(".count").all()) {
      const status = await count.getAttribute("data-status");
      assert.equal(await count.getAttribute("href"), `#${status}`);
      assert.equal(await page.locator(`section#${status} h2`).isVisible(), true);
    }
  });
}

await test("filter", "primary-broken.html", {}, async (page) => {
  const all = (await shown(page)).length;
  for (const status of await statuses(page)) {
    const count = page.locator(`button.count[data-status=${status}]`);
    await count.focus();
    await page.keyboard.press("Space");
    assert.equal(await count.getAttribute("aria-pressed"), "true");
    const left = await shown(page);
    assert.deepEqual([...new Set(left)], [status]);
    assert.equal(left.length, Number(await count.locator("b").textContent()));
    assert.equal(await page.locator("#shown").textContent(), `${left.length} of ${all} checks`);
    for (const check of await page.locator(`.check[data-status=${status}]`).all()) assert.equal(await check.isVisible(), true);
    await page.keyboard.press("Enter");
    assert.equal((await shown(page)).length, all);
  }
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "find");
  await page.keyboard.type("ODBC  drivers.odbc18");
  assert.deepEqual(await shown(page), ["failed"]);
  await page.keyboard.press("Escape");
  assert.equal((await shown(page)).length, all);
  await page.keyboard.type("nothing-is-called-so");
  assert.deepEqual(await shown(page), []);
  assert.equal(await page.locator("#shown").textContent(), `0 of ${all} checks`);
  await page.locator("button[type=reset]").click();
  await page.waitForFunction((n) => document.querySelectorAll(".check:not([hidden])").length === n, all);
  await page.selectOption("#area", "space");
  const areas = await page.$$eval(".check:not([hidden])", (checks) => checks.map((check) => check.dataset.area));
  assert.deepEqual([...new Set(areas)], ["space"]);
});

await test("links and folds", "primary-broken.html", {}, async (page) => {
  await page.locator(".slow a").last().click();
  const id = decodeURIComponent(new URL(page.url()).hash.slice(1));
  await page.waitForFunction((name) => document.getElementById(name).checkVisibility(), id);
  await page.locator("#unfold").click();
  assert.equal(await page.locator("details.check:not([open])").count(), 0);
  await page.locator("#unfold").click();
  assert.equal(await page.locator("details.check[open]").count(), 0);
  // A link to what is filtered away brings it back.
  await page.locator("button.count[data-status=passed]").click();
  await page.locator(".brief a").first().click();
  await page.waitForFunction(() => document.querySelector("details.check[data-status=failed]").checkVisibility());
});

await test("copy", "primary-broken.html", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
  const box = page.locator(".command").first();
  await box.locator("button").click();
  await box.locator("button", { hasText: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await box.locator("code").textContent());
});

await test("age", "demo.html", { now: "2026-11-21T01:59:00Z" }, async (page) => {
  assert.equal(await page.locator("#stale").isVisible(), false);
});
await test("age", "demo.html", { now: "2026-11-24T03:00:00Z" }, async (page) => {
  assert.match(await page.locator("#stale").textContent(), /Its facts are 4 days old/);
  assert.equal(await page.locator("#stale").isVisible(), true);
});

for (const javaScriptEnabled of [true, false]) {
  await test("print", "waived.html", { javaScriptEnabled }, async (page) => {
    const paper = await page.pdf({ format: "A4" });
    assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("#filter").isVisible(), false);
    assert.equal(await page.locator("details.check[data-status=passed]").first().isVisible(), true);
  });
}

if (pictures !== undefined) {
  for (const report of ["demo.html", "waived.html", "primary.html", "primary-broken.html", "hostile.html", ...histories]) {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of widths) {
        await test("picture", report, { viewport: { width, height: 900 }, colorScheme }, (page) =>
          page.screenshot({ path: join(pictures, `${report}-${width}-${colorScheme}.png`), fullPage: true }));
      }
    }
    await test("picture", report, {}, (page) => page.pdf({ path: join(pictures, `${report}.pdf`), format: "A4" }));
  }
}
await browser.close();
console.log(`${tests} looks at HTML reports in Chromium ${browser.version()}: all well`);
