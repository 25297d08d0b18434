// What the page shows and does. The vectors come from the worker, see client.js.

import { Client, cosine } from "./client.js";
import { languageOf, lines, passages } from "./texts.js";

const SHOWN = 8;
const MOST_SENTENCES = 24;
const LARGEST_FILE = 20e6;
const $ = (id) => document.getElementById(id);

const client = new Client(({ kind, done, total, name, threads, message }) => {
  if (kind === "loading") {
    $("model-bar").value = done / total;
    $("model-said").textContent = "Loading the model…";
  } else if (kind === "ready") {
    $("model-bar").hidden = true;
    $("model-said").textContent = `Ready: ${name}, in this page (${threads} ${threads === 1 ? "thread" : "threads"}).`;
    document.body.dataset.ready = "yes";
  } else {
    $("model-bar").hidden = true;
    alarm($("model-said"), `The model could not be loaded: ${message}`);
  }
});

function say(place, text) {
  place.classList.remove("alarm");
  place.textContent = text;
}

function alarm(place, text) {
  say(place, text);
  place.classList.add("alarm");
}

/** A similarity to two places, never "-0.00". */
function rounded(score) {
  return (Math.round(score * 100) / 100 + 0).toFixed(2);
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** An element that holds a person's text: in its direction, and said to be in its language. */
function spoken(name, text, className = "") {
  const made = element(name, { textContent: text, className, dir: "auto" });
  const lang = languageOf(text);
  if (lang) made.lang = lang;
  if (lang === "ur") made.dir = "rtl";
  return made;
}

// Search

let search = null;

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
$("stop").addEventListener("click", () => search?.abort());

async function find() {
  const query = $("query").value.trim();
  const found = passages($("text").value);
  search?.abort();
  $("results").replaceChildren();
  if (!found.length) return alarm($("search-said"), "There is no text to search yet.");
  if (!query) return alarm($("search-said"), "Say what you look for.");
  const mine = (search = new AbortController());
  busy(true);
  say($("search-said"), "Reading the text…");
  try {
    const [wanted] = await client.vectors([query], { signal: mine.signal });
    let drawn = 0;
    const progress = (vectors, done) => {
      $("search-bar").value = done / found.length;
      if (performance.now() - drawn < 250 && done < found.length) return;
      drawn = performance.now();
      rank(found, vectors, wanted, done);
    };
    await client.vectors(found.map(({ text }) => text), { signal: mine.signal, progress });
  } catch {
    if (search === mine) $("search-said").textContent += " Stopped.";
  }
  if (search === mine) busy(false);
}

function busy(is) {
  $("search-bar").hidden = !is;
  $("stop").hidden = !is;
  $("results").ariaBusy = is;
}

function rank(found, vectors, wanted, done) {
  const scored = found.flatMap((passage, index) =>
    vectors[index] ? [{ ...passage, score: cosine(vectors[index], wanted) }] : []);
  scored.sort((a, b) => b.score - a.score);
  const best = scored.slice(0, SHOWN);
  $("results").replaceChildren(...best.map(result));
  const many = `${found.length} ${found.length === 1 ? "passage" : "passages"}`;
  // A screen reader hears the end, not every step.
  if (done < found.length) return;
  say($("search-said"), `${many} searched; the best is in line ${best[0].line}.`);
}

function result({ text, line, start, stop, score }) {
  const bar = element("span", { className: "bar", ariaHidden: "true" }, element("span"));
  bar.style.setProperty("--s", Math.max(0, score));
  const show = element("button", { type: "button", textContent: "Show in the text" });
  show.ariaLabel = `Show line ${line} in the text`;
  show.addEventListener("click", () => {
    $("text").focus();
    $("text").setSelectionRange(start, stop);
  });
  const said = element("span", { textContent: `line ${line}, similarity ${rounded(score)}` });
  return element("li", {}, spoken("p", text), element("div", { className: "meta" }, bar, said, show));
}

// Where the text comes from

function take(text, name) {
  $("text").value = text;
  $("results").replaceChildren();
  say($("search-said"), `${name}: ${passages(text).length} passages.`);
}

async function open(file) {
  if (file.size > LARGEST_FILE) return alarm($("search-said"), `${file.name}: is over 20 MB; choose a smaller file.`);
  const bytes = await file.arrayBuffer();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.includes("\0")) throw new TypeError();
    take(text, file.name);
  } catch {
    alarm($("search-said"), `${file.name}: is no UTF-8 text; choose a text file.`);
  }
}

$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) open(target.files[0]);
  target.value = "";
});
$("sample").addEventListener("click", async () => {
  take(await (await fetch("sample.txt")).text(), "Sample text");
  if (!$("query").value) $("query").value = "ट्रेन कब छूटती है?";
  $("query").focus();
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  $("search").addEventListener(kind, (event) => {
    event.preventDefault();
    $("search").classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    const [file] = event.dataTransfer.files;
    const text = event.dataTransfer.getData("text/plain");
    if (file) open(file);
    else if (text) take(text, "Dropped text");
  });
}

// Comparison

let comparison = null;

$("pairs").addEventListener("submit", async (event) => {
  event.preventDefault();
  const texts = lines($("sentences").value);
  comparison?.abort();
  $("map").hidden = true;
  if (texts.length < 2) return alarm($("compare-said"), "Write at least two sentences, one a line.");
  if (texts.length > MOST_SENTENCES) {
    return alarm($("compare-said"), `${texts.length} sentences are too many for a map; keep ${MOST_SENTENCES}.`);
  }
  const mine = (comparison = new AbortController());
  say($("compare-said"), "Comparing…");
  const vectors = await client.vectors(texts, { signal: mine.signal }).catch(() => null);
  if (!vectors) return;
  const scores = vectors.map((first) => vectors.map((second) => cosine(first, second)));
  $("map").replaceChildren(table(texts, scores));
  $("map").hidden = false;
  const pairs = scores.flatMap((row, i) => row.slice(0, i).map((score, j) => [score, j + 1, i + 1]));
  const [score, first, second] = pairs.reduce((a, b) => (b[0] > a[0] ? b : a));
  say($("compare-said"), `Closest are sentences ${first} and ${second}, with ${rounded(score)}.`);
});

function table(texts, scores) {
  const numbers = texts.map((_, index) => element("th", { scope: "col", textContent: index + 1 }));
  const rows = texts.map((text, i) => {
    const head = element("th", { scope: "row" });
    const number = element("span", { className: "number", textContent: `${i + 1} ` });
    const words = spoken("span", text);
    head.dir = words.dir === "rtl" ? "rtl" : "ltr";
    head.append(number, words);
    const cells = scores[i].map((score) => {
      const cell = element("td", { textContent: rounded(score) });
      cell.style.setProperty("--s", Math.max(0, score));
      return cell;
    });
    return element("tr", {}, head, ...cells);
  });
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, element("td"), ...numbers)),
    element("tbody", {}, ...rows),
  );
}
