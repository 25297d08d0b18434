// Text as the Python package reads it: `checked_texts` of infer/tokens.py, `cut` of
// infer/index/pieces.py. Positions are those of JavaScript's strings.

const MAX_CHARACTERS = 64 * 256;
const MAX_PASSAGE = 700;
// What Python counts as white space; \s of JavaScript differs in a few characters.
const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ALL_BLANK = new RegExp(`^[${BLANK}]*$`);
const ENDS = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g");
const SENTENCE_END = new RegExp(`(?<=[.!?।॥۔؟])[${BLANK}]+`, "g");
const FENCE = new RegExp(`^[${BLANK}]*(\`\`\`|~~~)`);
const HEADING = new RegExp(`^#{1,6}[${BLANK}]`);

/** The part of a text that the model reads; blank ones are the empty text. */
export function readable(text) {
  const whole = text.toWellFormed ? text.toWellFormed() : text;
  const cut = whole.length > MAX_CHARACTERS ? [...whole].slice(0, MAX_CHARACTERS).join("") : whole;
  return ALL_BLANK.test(cut) ? "" : cut;
}

/**
 * Cut a text into passages: what blank lines separate, a Markdown heading joined to what follows
 * it, in pieces of about 700 characters at most that end with a sentence where they can.
 *
 * @returns {{line: number, start: number, stop: number, text: string}[]}
 */
export function passages(text) {
  const found = [];
  for (const block of blocks(text)) {
    const where = [];
    for (const { start, visible } of block) {
      if (where.length) where.push(where.at(-1));
      for (let at = 0; at < visible.length; at++) where.push(start + at);
    }
    const joined = block.map(({ visible }) => visible).join(" ");
    for (const [first, last] of packed(joined)) {
      const start = where[first];
      const line = block.findLast((part) => part.start <= start).line;
      found.push({ line, start, stop: where[last - 1] + 1, text: joined.slice(first, last) });
    }
  }
  return found;
}

/** Lines that are not blank, each one trimmed. */
export function lines(text) {
  return text.split("\n").map((line) => line.replace(ENDS, "")).filter(Boolean);
}

function* blocks(text) {
  let block = [];
  let fenced = false;
  let position = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const visible = line.replace(ENDS, "");
    const heading = !fenced && HEADING.test(line);
    const waits = block.length === 1 && HEADING.test(block[0].visible);
    if (block.length && (heading || (!fenced && !visible && !waits))) {
      yield block;
      block = [];
    }
    if (visible) block.push({ line: index + 1, start: position + line.indexOf(visible), visible });
    if (FENCE.test(line)) fenced = !fenced;
    position += line.length + 1;
  }
  if (block.length) yield block;
}

function* packed(text) {
  let [first, last] = [0, 0];
  for (const [start, stop] of sentences(text)) {
    for (const [begin, end] of bounded(text, start, stop)) {
      if (last > first && end - first > MAX_PASSAGE) {
        yield [first, last];
        first = begin;
      } else if (last === first) {
        first = begin;
      }
      last = end;
    }
  }
  if (last > first) yield [first, last];
}

function sentences(text) {
  const found = [];
  let start = 0;
  for (const match of text.matchAll(SENTENCE_END)) {
    found.push([start, match.index]);
    start = match.index + match[0].length;
  }
  if (text.length > start) found.push([start, text.length]);
  return found;
}

function* bounded(text, start, stop) {
  while (stop - start > MAX_PASSAGE) {
    const blank = text.lastIndexOf(" ", start + MAX_PASSAGE);
    let end = blank > start ? blank : start + MAX_PASSAGE;
    // No character is cut in two.
    if (blank <= start && /[\udc00-\udfff]/.test(text[end])) end -= 1;
    yield [start, end];
    start = end + (blank > start ? 1 : 0);
  }
  yield [start, stop];
}

const SCRIPTS = [
  ["hi", /[\u0900-\u0963\u0966-\u097f]/g],
  ["bn", /[\u0980-\u09ff]/g],
  ["pa", /[\u0a00-\u0a7f]/g],
  ["gu", /[\u0a80-\u0aff]/g],
  ["or", /[\u0b00-\u0b7f]/g],
  ["ta", /[\u0b80-\u0bff]/g],
  ["te", /[\u0c00-\u0c7f]/g],
  ["kn", /[\u0c80-\u0cff]/g],
  ["ml", /[\u0d00-\u0d7f]/g],
  ["si", /[\u0d80-\u0dff]/g],
  ["ur", /[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]/g],
  ["en", /[A-Za-z]/g],
];

/** Code of the first language that is written as most of a text is, "" for none: what a screen
 * reader and the fonts need to know. Hindi stands for Devanagari, Bengali for Assamese too. */
export function languageOf(text) {
  const start = text.slice(0, 300);
  const counts = SCRIPTS.map(([code, script]) => [start.match(script)?.length ?? 0, code]);
  const [most, code] = counts.reduce((a, b) => (b[0] > a[0] ? b : a));
  return most ? code : "";
}
