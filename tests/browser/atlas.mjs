// Drives an atlas in the system's Chromium: node tests/browser/atlas.mjs [build/atlas.html]
//
// Each step is a claim about the page, printed as it holds. The page must hold the client leaf-pinned,
// its neighbour, the scenes other_trusted_ca and new_ca, and what told this pair apart; any page that `python -m lab report` writes does.
import assert from "node:assert/strict";
import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGE = pathToFileURL(resolve(process.argv[2] || "build/atlas.html")).href;
const CELL = "leaf-pinned/other_trusted_ca";
const BOARD = "apart-other_trusted_ca";
const A4 = { width: 1061, height: 725 }; // A4 landscape without its margins of 9 mm, in CSS pixels
const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

function browserPath() {
  for (const name of ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]) {
    for (const folder of (process.env.PATH || "").split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // not here
      }
    }
  }
  throw new Error("no Chromium on the PATH; on Debian: apt-get install chromium");
}

const browser = await chromium.launch({ executablePath: browserPath(), args: FLAGS });
const said = []; // what any page wrote to its console, and every error
const asked = new Set(); // every address that any page asked for

async function fresh(address = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(5000);
  const page = await context.newPage();
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => asked.add(request.url().split("#")[0]));
  await page.goto(PAGE + address);
  return page;
}

async function claim(words, holds) {
  await holds();
  console.log(`ok  ${words}`);
}

const address = async (page) => decodeURIComponent(new URL(page.url()).hash);
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("href"));
const rows = (page, table = "#clients") =>
  page.$$eval(`${table} tr[data-scene]`, (all) => all.filter((one) => one.getClientRects().length).map((one) => ({ ...one.dataset })));
const status = (page) => page.textContent("#clients-controls output");
const open = (page) => page.isVisible("#trace");

// ---- open and filter -------------------------------------------------------------------------------

await claim("the page opens with the matrix, and no trace", async () => {
  const page = await fresh();
  assert.match(await page.title(), /atlas/);
  assert.ok((await rows(page)).length >= 2);
  assert.equal(await open(page), false);
  assert.equal(await page.isVisible(".unscripted"), false);
  await page.context().close();
});

await claim("without script the matrix is there, and says how to see a trace", async () => {
  const page = await fresh("", { javaScriptEnabled: false });
  assert.ok(await page.isVisible(`#clients a[href="#${CELL}"]`));
  assert.ok(await page.isVisible(".unscripted"));
  assert.equal(await page.isVisible("#clients-controls"), false);
  await page.context().close();
});

await claim("filters by kind, by words, by outcome and by client, says how many are left, and can be reset", async () => {
  const page = await fresh();
  const all = await rows(page);
  const before = await status(page);
  await page.check('#clients-controls input[value="attack"]');
  const attacks = await rows(page);
  assert.deepEqual(new Set(attacks.map((one) => one.kind)), new Set(["attack"]));
  assert.ok(attacks.length < all.length);
  assert.match(await status(page), new RegExp(`^${attacks.length} of `));
  assert.equal(await address(page), "#?kind=attack");
  await page.check('#clients-controls input[value="rotation"]');
  assert.deepEqual(new Set((await rows(page)).map((one) => one.kind)), new Set(["rotation"]));
  await page.click('#clients-controls button[type="reset"]');
  assert.deepEqual([await rows(page), await status(page), await address(page)], [all, before, ""]);

  await page.fill("#clients-controls input[type=search]", "MOVES another");
  assert.deepEqual((await rows(page)).map((one) => one.scene).includes("new_ca"), true);
  assert.equal((await rows(page)).some((one) => one.scene === "other_trusted_ca"), false);
  await page.fill("#clients-controls input[type=search]", "no scene is called this");
  assert.deepEqual(await rows(page), []);
  await page.click('#clients-controls button[type="reset"]');

  await page.check('#clients-controls input[value="intercepted"]');
  const taken = await rows(page);
  assert.ok(taken.length > 0 && taken.every((one) => one.kind === "attack"));
  await page.click('#clients-controls button[type="reset"]');

  await page.click("#clients-controls summary");
  await page.click('#clients-controls [data-preset="none"]');
  await page.check('#clients-controls input[value="leaf-pinned"]');
  const heads = await page.$$eval("#clients thead th[data-client]", (those) => those.filter((one) => !one.hidden).map((one) => one.dataset.client));
  assert.deepEqual(heads, ["leaf-pinned"]);
  assert.equal(await address(page), "#?clients=leaf-pinned");
  await page.context().close();
});

await claim("twins stand together, or apart in the other order", async () => {
  const page = await fresh();
  const pair = (those) => those.findIndex((one) => one.scene === "new_ca") - those.findIndex((one) => one.scene === "other_trusted_ca");
  const together = await rows(page);
  assert.equal(pair(together), 1);
  await page.check('#clients-controls input[name="order"]');
  const kinds = (await rows(page)).map((one) => one.kind);
  assert.deepEqual(kinds, [...kinds].sort());
  await page.uncheck('#clients-controls input[name="order"]');
  assert.deepEqual(await rows(page), together);
  await page.context().close();
});

await claim("profiles: the scenes in which all agree appear with a switch", async () => {
  const page = await fresh();
  const split = await rows(page, "#programs");
  await page.check('#programs-controls input[name="agree"]');
  const every = await rows(page, "#programs");
  assert.ok(every.length > split.length && split.length > 0, `${split.length} of ${every.length}`);
  await page.context().close();
});

// ---- a trace ---------------------------------------------------------------------------------------

await claim("a cell opens its trace: chains, checks, the deciding one, the other side, what would flip it", async () => {
  const page = await fresh();
  await page.click(`#clients a[href="#${CELL}"]`);
  assert.equal(await address(page), `#${CELL}`);
  assert.equal(await focused(page), "trace-title");
  const text = await page.innerText("#trace");
  for (const wanted of ["Another trusted CA mis-issues", "stopped", "path that the client verified", "◀ decides", "The attacker saw the client hang up", "What would flip it", "Second opinion", "the attacker holds"]) {
    assert.ok(text.includes(wanted), `${wanted} is missing from the trace`);
  }
  assert.match(await page.innerText("#trace .meeting[open] .deciding"), /leaf pin/);
  assert.match(await page.innerText("#trace .twin"), /outage/);
  await page.keyboard.press("Escape");
  assert.deepEqual([await open(page), await address(page), await focused(page)], [false, "", `#${CELL}`]);
  await page.context().close();
});

await claim("each certificate shows its key: one image for one letter, drawn, and none that two keys share", async () => {
  const page = await fresh(`#${CELL}`);
  for (const summary of await page.$$("#trace .meeting:not([open]) > summary")) await summary.click();
  const keys = await page.$$eval("#trace .certificate img.key", (all) =>
    all.map((one) => ({ alt: one.alt, src: one.src, wide: one.naturalWidth, pin: one.closest(".certificate").querySelector("code").textContent })));
  assert.deepEqual([...new Set(keys.map((one) => one.alt))].sort(), ["key A", "key B", "key C", "key E", "key F", "key G"]);
  for (const field of ["src", "pin"]) assert.equal(new Set(keys.map((one) => one.alt + one[field])).size, new Set(keys.map((one) => one[field])).size);
  assert.ok(keys.every((one) => one.wide > 0));
  await page.context().close();
});

await claim("a trace can be had without a mouse, and so can its neighbours", async () => {
  const page = await fresh();
  const inTable = () => page.evaluate(() => Boolean(document.activeElement.closest("#clients td")));
  for (let presses = 0; !(await inTable()); presses += 1) {
    assert.ok(presses < 60, "the Tab key does not reach the matrix");
    await page.keyboard.press("Tab");
  }
  const first = await focused(page);
  await page.keyboard.press("ArrowRight");
  const second = await focused(page);
  assert.notEqual(second, first);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await focused(page), first);
  await page.keyboard.press("ArrowDown");
  const below = await focused(page);
  assert.equal(below.split("/")[0], first.split("/")[0]);
  await page.keyboard.press("Enter");
  assert.deepEqual([await open(page), await focused(page), await address(page)], [true, "trace-title", below]);
  await page.keyboard.press("ArrowRight");
  const beside = await address(page);
  assert.deepEqual([beside.split("/")[0], beside.split("/")[1]], [second.split("/")[0], below.split("/")[1]]);
  await page.keyboard.press("Shift+ArrowUp");
  assert.equal(await address(page), second);
  await page.keyboard.press("Escape");
  assert.deepEqual([await open(page), await focused(page)], [false, second]);
  await page.keyboard.press("Tab");
  assert.equal(await inTable(), false, "the whole table is one stop of the Tab key");
  await page.context().close();
});

await claim("a deep link opens the same in a fresh page, filters included", async () => {
  const page = await fresh();
  await page.check('#clients-controls input[value="attack"]');
  await page.click(`#clients a[href="#${CELL}"]`);
  const link = new URL(page.url()).hash;
  assert.equal(decodeURIComponent(link), `#${CELL}?kind=attack`);
  const other = await fresh(link);
  assert.deepEqual([await open(other), await focused(other)], [true, "trace-title"]);
  assert.equal(await other.innerText("#trace"), await page.innerText("#trace"));
  assert.deepEqual(await rows(other), await rows(page));
  await other.keyboard.press("Escape");
  assert.equal(await focused(other), `#${CELL}`);
  await page.context().close();
  await other.context().close();
});

await claim("the trace of a profile opens too", async () => {
  const page = await fresh("#curl/other_trusted_ca");
  assert.match(await page.innerText("#trace"), /curl --pinnedpubkey/);
  await page.context().close();
});

await claim("a link to a cell that is not there gets a sentence", async () => {
  for (const wrong of ["#nobody/nowhere", "#leaf-pinned/", "#%zz/<img src=x onerror=alert(1)>"]) {
    const page = await fresh(wrong);
    assert.match(await page.innerText("#trace"), /This page has no trial named/);
    assert.equal(await page.$("#trace img"), null);
    await page.keyboard.press("Escape");
    assert.equal(await open(page), false);
    await page.context().close();
  }
});

await claim("an attack and its twin stand side by side", async () => {
  const page = await fresh(`#${CELL}`);
  await page.click('[data-action="beside"]');
  assert.deepEqual([(await page.$$("#trace .trace")).length, await address(page)], [2, `#${CELL}?beside=twin`]);
  await page.click('[data-action="alone"]');
  assert.deepEqual([(await page.$$("#trace .trace")).length, await address(page)], [1, `#${CELL}`]);
  await page.click("#trace .twin a");
  assert.equal(await address(page), "#leaf-pinned/new_ca");
  await page.context().close();
});

await claim("the back button goes back: out of the trace, and into it again", async () => {
  const page = await fresh("#?kind=attack");
  const attacks = await rows(page);
  await page.click(`#clients a[href="#${CELL}"]`);
  await page.goBack();
  assert.deepEqual([await open(page), await address(page), await rows(page)], [false, "#?kind=attack", attacks]);
  await page.goForward();
  assert.deepEqual([await open(page), await address(page)], [true, `#${CELL}?kind=attack`]);
  await page.context().close();
});

// ---- what told them apart --------------------------------------------------------------------------

await claim("a pair is a line that opens its board, with script and without", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const page = await fresh("", { javaScriptEnabled });
    const board = `#${BOARD} + p`;
    assert.equal(await page.isVisible(board), false);
    await page.click(`#${BOARD}`);
    assert.ok(await page.isVisible(board));
    assert.match(await page.innerText(`#${BOARD}`), /stopped by[^]*known by/);
    await page.context().close();
  }
});

await claim("a trace links to its pair's board, which opens and takes the focus; so does a link from outside", async () => {
  const page = await fresh(`#${CELL}`);
  await page.click("#trace .twin a >> text=What tells them apart");
  const other = await fresh(`#${BOARD}`);
  for (const one of [page, other]) {
    assert.equal(await open(one), false);
    assert.equal(await one.evaluate(() => document.activeElement.id), BOARD);
    assert.ok(await one.isVisible(`#${BOARD} + p`));
    await one.context().close();
  }
});

// ---- for everybody, everywhere ---------------------------------------------------------------------

async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  for (const [what, link] of [
    ["the matrix", ""],
    ["a filtered matrix", "#?outcome=outage&order=kind"],
    ["a trace", `#${CELL}`],
    ["a trace beside its twin", `#${CELL}?beside=twin`],
    ["a link to nowhere", "#nobody/nowhere"],
  ]) {
    await claim(`axe-core finds nothing serious: ${what}, ${colorScheme}`, async () => {
      const page = await fresh(link, { colorScheme });
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      assert.deepEqual(await violations(page), []);
      await page.context().close();
    });
  }
}

await claim("axe-core does find a fault that is put there", async () => {
  const page = await fresh();
  await page.evaluate(() => document.querySelector("main").append(document.createElement("button")));
  assert.match((await violations(page)).join(), /button-name/);
  await page.context().close();
});

await claim("320 pixels are wide enough: the page itself does not scroll sideways", async () => {
  for (const link of ["", `#${CELL}`, `#${BOARD}`, "#nobody/nowhere"]) {
    const page = await fresh(link, { viewport: { width: 320, height: 640 } });
    const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector("#trace").scrollWidth]);
    assert.ok(wide.every((one) => one <= 320), `${wide} at ${link}`);
    await page.context().close();
  }
});

await claim("on a narrow screen an open trace covers the page, and the page beneath is out of reach", async () => {
  const page = await fresh(`#${CELL}`, { viewport: { width: 320, height: 640 } });
  assert.equal(await page.evaluate(() => document.getElementById("page").inert), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.getElementById("page").inert), false);
  await page.context().close();
});

await claim("printed: no filters, the matrix on one page of A4, every column, and the open trace after it", async () => {
  for (const columns of ["", "clients=all"]) {
    const page = await fresh(`#?${columns}`, { viewport: A4 });
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.isVisible("#clients-controls"), false);
    const { bottom, right } = await page.evaluate(() => document.getElementById("clients").getBoundingClientRect().toJSON());
    assert.ok(bottom <= A4.height && right <= A4.width + 1, `the matrix ends at ${right} x ${bottom}`);
    await page.context().close();
  }
  const page = await fresh(`#${CELL}`);
  const printed = await page.pdf({ preferCSSPageSize: true });
  const pages = printed.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  assert.ok(pages >= 2 && pages <= 4, `${pages} pages`);
  await page.emulateMedia({ media: "print" });
  assert.deepEqual([await page.isVisible("#trace-title"), await page.isVisible("#trace .bar")], [true, false]);
  await page.context().close();
});

await claim("nothing was written to the console, and nothing but the page itself was asked for", async () => {
  assert.deepEqual(said, []);
  assert.deepEqual([...asked].filter((one) => one !== PAGE && !one.startsWith("data:")), []);
  assert.ok(asked.has(PAGE));
});

await browser.close();
