// Puts the page, its libraries, fonts and a model folder's files into one folder of static files.
//
//   npm ci && npm run build                      ../release -> dist
//   node build.mjs MODEL_FOLDER OUT_FOLDER       any other
//
// What it copies of the model is compared with the folder's manifest first.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const model = resolve(process.argv[2] ?? join(here, "..", "release"));
const out = resolve(process.argv[3] ?? join(here, "dist"));
const part = `${out}.part`;

const MODEL_FILES = ["tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"];
const LIBRARIES = [
  ["@huggingface/tokenizers", "dist/tokenizers.min.mjs"],
  ["onnxruntime-web", "dist/ort.wasm.bundle.min.mjs"],
  ["onnxruntime-web", "dist/ort-wasm-simd-threaded.wasm"],
];
// Package, style sheet, and the part of the font that is taken: its own script.
const FONTS = [
  ...["bengali", "devanagari", "gujarati", "gurmukhi", "kannada", "malayalam", "oriya", "sinhala", "tamil", "telugu"]
    .map((script) => [`@fontsource-variable/noto-sans-${script}`, "index.css", script]),
  ["@fontsource/noto-nastaliq-urdu", "index.css", "arabic"],
];

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(2);
}

function copy(from, to) {
  mkdirSync(dirname(join(part, to)), { recursive: true });
  cpSync(from, join(part, to));
}

function copyModel() {
  if (!existsSync(join(model, "manifest.json"))) fail(`${model}: holds no manifest.json; name a model folder`);
  const { name, files } = JSON.parse(readFileSync(join(model, "manifest.json"), "utf8"));
  const taken = {};
  for (const file of MODEL_FILES) {
    const found = createHash("sha256").update(readFileSync(join(model, file))).digest("hex");
    if (found !== files[file]) fail(`${join(model, file)}: differs from its manifest's sha256; fetch the folder again`);
    taken[file] = found;
    copy(join(model, file), `model/${file}`);
  }
  writeFileSync(join(part, "model", "manifest.json"), `${JSON.stringify({ name, files: taken }, null, 1)}\n`);
}

function fontFace([name, sheet, script]) {
  const blocks = readFileSync(join(modules, name, sheet), "utf8").match(/@font-face \{[^}]*\}/g);
  const block = blocks.find((text) => text.includes(`-${script}-`));
  const file = block.match(/url\(\.\/files\/([^)]+\.woff2)\)/)[1];
  copy(join(modules, name, "files", file), `fonts/${file}`);
  return block.replace(/src: [^;]*;/, `src: url(./${file}) format("woff2");`);
}

function licences() {
  const said = [];
  for (const name of new Set([...LIBRARIES, ...FONTS].map(([name]) => name))) {
    const folder = join(modules, name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    said.push(`${name} ${version}, ${license}\n\n${file ? readFileSync(join(folder, file), "utf8") : ""}`);
  }
  return said.join("\n----\n\n");
}

if (!existsSync(modules)) fail("the libraries are missing; run `npm ci` first");
rmSync(part, { recursive: true, force: true });
mkdirSync(part, { recursive: true });
copyModel();
for (const file of readdirSync(join(here, "src"))) copy(join(here, "src", file), file);
for (const [name, file] of LIBRARIES) copy(join(modules, name, file), `lib/${basename(file)}`);
const faces = FONTS.map(fontFace);
writeFileSync(join(part, "fonts", "fonts.css"), faces.join("\n"));
const samples = join(here, "..", "demo", "texts");
const texts = readdirSync(samples).sort().map((file) => readFileSync(join(samples, file), "utf8"));
writeFileSync(join(part, "sample.txt"), texts.join("\n"));
writeFileSync(join(part, "licences.txt"), licences());
rmSync(out, { recursive: true, force: true });
renameSync(part, out);
console.log(`${out}: the page with its model; serve it with \`klein serve --web ${out}\``);
