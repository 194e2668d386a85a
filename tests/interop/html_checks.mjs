// Checks rendered reports with tools that are not ours: vnu, html-validate, axe and Lighthouse in Chromium.
//
//   node tests/interop/html_checks.mjs REPORT.html... [--rows N] [--keep DIR]
//
// axe takes minutes on a page with thousands of rows. With --rows, axe and Lighthouse get the page with the first N rows of each
// table, for the rows of one table are made alike; all other checks see the whole page.
// COUNTERSIGN_NODE_MODULES names the `node_modules` folder with vnu-jar, html-validate, playwright-core, axe-core, and lighthouse
// (default: the current one). CHROMIUM names the browser (default: the first found in PATH). Java must be in PATH.
// --keep writes screenshots and a printed PDF of each report. Exit 0: every check held; 1: some did not; 2: usage.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? null : args.splice(at, 2)[1];
};
const kept = option("--keep");
const keep = kept && resolve(kept);
const mostRows = Number(option("--rows") ?? Infinity);
if (args.length === 0 || !(mostRows > 0)) {
  console.error("usage: html_checks.mjs REPORT.html... [--rows N] [--keep DIR]");
  process.exit(2);
}
const require = createRequire(join(resolve(process.env.COUNTERSIGN_NODE_MODULES ?? "."), "here.cjs"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const vnu = join(dirname(require.resolve("vnu-jar/package.json")), "build", "dist", "vnu.jar");

let failures = 0;
const check = (name, problems) => {
  const held = problems.length === 0;
  if (!held) failures += 1;
  console.log(`${held ? "ok    " : "NOT OK"} ${name}`);
  for (const problem of problems.slice(0, 20)) console.log(`       ${problem}`);
  if (problems.length > 20) console.log(`       and ${problems.length - 20} more`);
};

const inPath = (names) => {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch { /* Looked for in the next folder. */ }
    }
  }
  throw new Error(`none of ${names.join(", ")} is in PATH; set CHROMIUM`);
};

// The rules of html-validate that are a matter of taste, or that know less than the standard.
const RULES = {
  "doctype-style": "off",
  "no-trailing-whitespace": "off",
  "long-title": "off",
  "require-sri": "off",
  "prefer-native-element": "off",
  // A description list may have a name.
  "aria-label-misuse": ["error", { allowAnyNamable: true }],
  // Ids of rows begin with what they are, but end in what a log says.
  "valid-id": ["error", { relaxed: true }],
  "no-inline-style": "error",
};

const validators = async (file) => {
  const java = spawnSync("java", ["-jar", vnu, "--Werror", "--format", "gnu", file], { encoding: "utf8" });
  // vnu sees that the policy needs a digest, and cannot compute one; `policy` below and Chromium do.
  const known = /info warning: Inline (style|script) violates Content Security Policy/;
  const said = `${java.stdout}${java.stderr}`.split("\n").filter((line) => line && !known.test(line));
  const ran = !java.error && [0, 1].includes(java.status);
  check("vnu", ran ? said : [`exit ${java.status} ${java.error ?? ""}`, ...said]);

  const { HtmlValidate } = require("html-validate");
  const validate = new HtmlValidate({ root: true, extends: ["html-validate:recommended"], rules: RULES });
  const report = await validate.validateString(readFileSync(file, "utf8"), file);
  const messages = report.results.flatMap((result) => result.messages);
  check("html-validate", messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`));
};

// The policy names the digests of the page's own style and script.
const policy = (file) => {
  const html = readFileSync(file, "utf8");
  const allowed = html.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1].replaceAll("&#x27;", "'") ?? "";
  const problems = allowed.startsWith("default-src 'none';") ? [] : [`the policy is ${allowed}`];
  for (const tag of ["style", "script"]) {
    const contents = [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, "g"))].map((match) => match[1]);
    if (contents.length !== 1) problems.push(`${contents.length} elements ${tag}`);
    const digest = createHash("sha256").update(contents[0] ?? "").digest("base64");
    if (!allowed.includes(`${tag}-src 'sha256-${digest}'`)) problems.push(`${tag} has sha256-${digest}, which the policy does not name`);
  }
  check("policy names style and script", problems);
};

const chromiumPath = process.env.CHROMIUM ?? inPath(["chromium", "chromium-browser", "google-chrome"]);
const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
  ],
});

// Opens the file; what it asks for and what it complains of is written down.
const open = async (file, options, work, at = "") => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const requests = [];
  const complaints = [];
  page.on("request", (request) => {
    const asked = request.url();
    if (asked.split("#")[0] !== url && !asked.startsWith("data:")) requests.push(asked);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  try {
    await page.goto(url + at, { waitUntil: "load" });
    await work(page);
  } finally {
    await context.close();
  }
  return { requests, complaints };
};

// The page as a file with no more than `mostRows` rows in any table.
const shortened = async (file, folder) => {
  if (mostRows === Infinity) return file;
  const short = join(folder, basename(file));
  await open(file, { javaScriptEnabled: false }, async (page) => {
    const left = await page.evaluate((most) => {
      for (const body of document.querySelectorAll("tbody")) {
        for (const row of [...body.rows].slice(most)) row.remove();
      }
      return document.querySelectorAll("tbody tr").length;
    }, mostRows);
    writeFileSync(short, await page.content());
    console.log(`       axe and Lighthouse: ${left} rows, at most ${mostRows} of each table`);
  });
  return short;
};

// What axe finds. The policy of the page would keep axe out as well, so it is set aside for this.
const axeIn = async (file, name, options, media) => {
  await open(file, { ...options, bypassCSP: true }, async (page) => {
    if (media) await page.emulateMedia({ media });
    await page.addScriptTag({ content: axe });
    // Nobody points at paper.
    const rules = media === "print" ? { "target-size": { enabled: false } } : {};
    const result = await page.evaluate((rules) => axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
      rules,
    }), rules);
    check(`axe, ${name}`, result.violations.flatMap((violation) =>
      violation.nodes.slice(0, 5).map((node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary?.split("\n").at(-1)?.trim()}`)));
  });
};

const behaviour = async (file) => {
  const rendered = {};
  const count = (page) => page.evaluate(() => ({
    sections: document.querySelectorAll("main section").length,
    rows: document.querySelectorAll("main tbody tr").length,
    drawings: document.querySelectorAll("main figure svg").length,
    text: document.querySelector("main").innerText.length,
  }));

  const seen = await open(file, {}, async (page) => {
    rendered.with = await count(page);
    const problems = await page.evaluate(() => {
      const problems = [];
      for (const box of document.querySelectorAll(".table[data-filter]")) {
        const rows = [...box.querySelectorAll("tbody tr")].filter((row) => !row.querySelector(".empty"));
        if (rows.length < 2) continue;
        const id = box.querySelector("table").id;
        const input = box.querySelector("input[type=search]");
        const status = box.querySelector("[role=status]");
        if (!input || !status) { problems.push(`${id}: no filter`); continue; }
        const shown = () => rows.filter((row) => row.checkVisibility()).length;
        const type = (text) => { input.value = text; input.dispatchEvent(new Event("input")); };
        type("no row says this ‽");
        if (shown() !== 0 || !status.textContent.startsWith("0 of ")) problems.push(`${id}: filter shows ${shown()} rows, says ${status.textContent}`);
        const word = rows[rows.length - 1].cells[0].textContent.trim();
        type(word);
        const expected = rows.filter((row) => word.toLowerCase().split(/\s+/).every((w) => row.textContent.toLowerCase().includes(w))).length;
        if (shown() !== expected || expected === 0) problems.push(`${id}: filter by ${word} shows ${shown()} of ${expected}`);
        type("");
        if (shown() !== rows.length) problems.push(`${id}: an empty filter shows ${shown()} of ${rows.length}`);

        const head = box.querySelector("thead th");
        if (!head.querySelector("button")) { problems.push(`${id}: no button to sort by`); continue; }
        const first = () => [...box.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent.trim());
        const before = first();
        head.querySelector("button").click();
        const up = first();
        if (head.getAttribute("aria-sort") !== "ascending") problems.push(`${id}: aria-sort is ${head.getAttribute("aria-sort")}`);
        head.querySelector("button").click();
        const down = first();
        const differ = new Set(before).size > 1;
        if (differ && up.join() === down.join()) problems.push(`${id}: sorting down equals sorting up`);
        if ([...up].sort().join() !== [...before].sort().join()) problems.push(`${id}: sorting lost a row`);
        head.querySelector("button").click();
        if (first().join() !== before.join() || head.hasAttribute("aria-sort")) problems.push(`${id}: the third click does not restore the order`);
      }
      if (!document.querySelector("button.copy")) problems.push("no copy button");
      const theme = document.querySelector("button.theme");
      if (!theme) return [...problems, "no theme button"];
      const paper = () => getComputedStyle(document.body).backgroundColor;
      const colours = new Set();
      for (let i = 0; i < 3; i += 1) { theme.click(); colours.add(paper()); }
      if (colours.size !== 2) problems.push(`theme button gives ${[...colours].join(" and ")}`);
      return problems;
    });
    check("filter, sort, theme, copy", problems);
  });
  check("no request", seen.requests);
  check("nothing on the console", seen.complaints);

  const bare = await open(file, { javaScriptEnabled: false }, async (page) => {
    rendered.without = await count(page).catch(() => null);
  });
  // Without JavaScript, evaluate still works in Chromium, for it comes from outside the page.
  const problems = [];
  for (const part of ["sections", "rows", "drawings"]) {
    if (!rendered.without || rendered.without[part] !== rendered.with[part] || rendered.with[part] === 0) {
      if (part === "drawings" && rendered.with?.[part] === 0 && rendered.without?.[part] === 0) continue;
      problems.push(`${part}: ${rendered.without?.[part]} without JavaScript, ${rendered.with[part]} with`);
    }
  }
  check("whole without JavaScript", [...problems, ...bare.requests, ...bare.complaints]);

  for (const width of [320, 400, 768, 1280]) {
    await open(file, { viewport: { width, height: 800 } }, async (page) => {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      check(`no sideways scrolling at ${width} px`, over > 0 ? [`${over} px too wide`] : []);
    });
  }
};

// What a reader does with keys alone, and with a link that somebody handed on.
const paths = async (file) => {
  let state = "";
  let row = "";
  await open(file, {}, async (page) => {
    const problems = [];
    const active = () => page.evaluate(() => ({ name: document.activeElement.tagName, cls: document.activeElement.className, table: document.activeElement.closest(".table")?.querySelector("table").id ?? "" }));
    await page.keyboard.press("Tab");
    if ((await active()).cls !== "skip") problems.push("the first stop is not the link that skips to the report");
    await page.keyboard.press("Enter");
    if (!page.url().endsWith("#report")) problems.push("the link that skips leads nowhere");
    let reached;
    for (let stop = 0; stop < 400; stop += 1) {
      await page.keyboard.press("Tab");
      reached = await active();
      if (reached.name === "INPUT") break;
    }
    if (reached.name !== "INPUT") return check("keys alone", [...problems, "no filter is reached by Tab"]);
    const found = await page.evaluate((id) => {
      const rows = [...document.getElementById(id).tBodies[0].rows];
      return { word: rows.at(-1).cells[0].textContent.trim().split(/\s+/)[0], rows: rows.length };
    }, reached.table);
    await page.keyboard.type(found.word);
    const shown = () => page.evaluate((id) => [...document.getElementById(id).tBodies[0].rows].filter((row) => row.checkVisibility()).map((row) => row.cells[0].textContent.trim()), reached.table);
    const filtered = await shown();
    if (filtered.length === 0 || !filtered.some((text) => text.includes(found.word))) problems.push(`typing ${found.word} shows ${filtered.length} rows`);
    let head;
    // A table that is wider than the page is itself a stop, to scroll it.
    for (let stop = 0; stop < 2 && head?.name !== "BUTTON"; stop += 1) {
      await page.keyboard.press("Tab");
      head = await active();
    }
    if (head.name !== "BUTTON") problems.push(`after the filter comes ${head.name}, no head to sort by`);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    const sorted = await page.evaluate((id) => document.getElementById(id).querySelector("th[aria-sort]")?.getAttribute("aria-sort"), reached.table);
    if (sorted !== "descending") problems.push(`Enter twice on a head sorts ${sorted}`);
    state = new URL(page.url()).hash;
    row = await page.evaluate(() => document.querySelector("main tbody tr[id]:last-child, main tbody tr:last-child [id]")?.id ?? "");
    check("keys alone", problems);
  });
  // Scrolling may be smooth, and take its time.
  const inView = (page, id) => page.waitForFunction((id) => {
    const place = document.getElementById(id)?.getBoundingClientRect().top;
    return place >= -1 && place < innerHeight;
  }, id, { timeout: 10_000 }).then(() => [], () => [`#${id} is out of view`]);
  await open(file, {}, async (page) => {
    const problems = await page.evaluate(() => {
      const id = location.hash.slice(1).split("?")[0];
      const table = document.getElementById(id);
      const box = table?.closest(".table");
      if (!box) return [`${location.hash} names no table`];
      const problems = [];
      if (!box.querySelector("input").value) problems.push("the filter is empty");
      if (!table.querySelector("th[aria-sort=descending]")) problems.push("no column is sorted down");
      return problems;
    });
    problems.push(...await inView(page, state.slice(1).split("?")[0]));
    check("a link to a filtered and sorted table", state.includes("filter=") && state.includes("order=") ? problems : [`the address is ${state}`]);
  }, state);
  await open(file, {}, async (page) => {
    check("a link to a row", row ? await inView(page, row) : ["no row can be linked to"]);
  }, `#${encodeURIComponent(row)}`);
};

// Lighthouse reads no file, so the page is served on loopback for it.
const lighthouse = async (file) => {
  const server = createServer((request, response) => {
    const known = request.url === "/report.html";
    response.writeHead(known ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(known ? readFileSync(file) : "");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const program = join(dirname(require.resolve("lighthouse/package.json")), "cli", "index.js");
  const child = spawn(process.execPath, [
    program, `http://127.0.0.1:${server.address().port}/report.html`, "--only-categories=accessibility", "--output=json", "--quiet",
    "--max-wait-for-load=180000", "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
  ], { env: { ...process.env, CHROME_PATH: chromiumPath }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let complaint = "";
  child.stdout.on("data", (part) => { said += part; });
  child.stderr.on("data", (part) => { complaint += part; });
  const status = await new Promise((ended) => child.on("close", ended));
  server.close();
  if (status !== 0) return check("Lighthouse, accessibility 100", [`exit ${status}: ${complaint.trim().split("\n").at(-1)}`]);
  const { categories, audits } = JSON.parse(said);
  const short = categories.accessibility.auditRefs.filter(({ id }) => audits[id].score !== null && audits[id].score < 1);
  const problems = short.map(({ id }) => `${id}: ${audits[id].title}`);
  check("Lighthouse, accessibility 100", categories.accessibility.score === 1 ? problems : [`${categories.accessibility.score * 100}`, ...problems]);
};

const keepViews = async (file) => {
  mkdirSync(keep, { recursive: true });
  const name = join(keep, basename(file, ".html"));
  for (const [view, options] of [
    ["light", {}],
    ["dark", { colorScheme: "dark" }],
    ["narrow", { viewport: { width: 400, height: 800 } }],
  ]) {
    await open(file, options, async (page) => {
      const height = await page.evaluate(() => Math.min(document.documentElement.scrollHeight, 60_000));
      await page.screenshot({ path: `${name}-${view}.png`, fullPage: true, clip: { x: 0, y: 0, width: page.viewportSize().width, height } });
    });
  }
  await open(file, {}, (page) => page.pdf({ path: `${name}-print.pdf`, preferCSSPageSize: true, printBackground: true, timeout: 120_000 }));
};

for (const argument of args) {
  const file = resolve(argument);
  console.log(basename(file));
  await validators(file);
  policy(file);
  const folder = mkdtempSync(join(tmpdir(), "countersign-html-"));
  try {
    const short = await shortened(file, folder);
    await axeIn(short, "light", { colorScheme: "light" });
    await axeIn(short, "dark", { colorScheme: "dark" });
    await axeIn(short, "print", {}, "print");
    await axeIn(short, "forced colours", { forcedColors: "active" });
    await axeIn(short, "narrow", { viewport: { width: 400, height: 800 } });
    await lighthouse(short);
  } finally {
    rmSync(folder, { recursive: true });
  }
  await behaviour(file);
  await paths(file);
  if (keep) await keepViews(file);
}
await browser.close();
console.log(failures === 0 ? "every check held" : `${failures} checks did not hold`);
process.exit(failures === 0 ? 0 : 1);
