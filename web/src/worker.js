// The model, off the page's thread: texts come in, unit vectors go out.
//
// In:  {kind: "embed", id, texts}, {kind: "cancel", id}
// Out: {kind: "loading", done, total}, {kind: "ready", name, threads}, {kind: "failed", message},
//      {kind: "vectors", id, indices, vectors}, one message a batch

import { Tokenizer } from "./lib/tokenizers.min.mjs";
import * as ort from "./lib/ort.wasm.bundle.min.mjs";
import { readable } from "./texts.js";

const MAX_TOKENS = 256;
const BATCH_TOKENS = 512;
// A batch may hold shorter rows down to this share of its longest.
const CLOSE = 0.875;
const MODEL = new URL("./model/", import.meta.url);

const jobs = [];
let wake = () => {};

onmessage = ({ data }) => {
  if (data.kind === "embed") jobs.push({ id: data.id, texts: data.texts, batches: null });
  const at = data.kind === "cancel" ? jobs.findIndex((job) => job.id === data.id) : -1;
  if (at >= 0) jobs.splice(at, 1);
  wake();
};

load().then(serve).catch((error) => postMessage({ kind: "failed", message: error.message }));

async function load() {
  const manifest = await (await fetched("manifest.json")).json();
  const names = ["tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"];
  const files = [];
  for (const name of names) files.push(await checked(name, manifest.files[name]));
  const json = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
  const tokenizer = new Tokenizer(json(files[0]), json(files[1]));
  // More than one thread needs shared memory, which a server grants by two headers.
  const threads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, 4) : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { wasm: new URL("./lib/ort-wasm-simd-threaded.wasm", import.meta.url).href };
  const session = await ort.InferenceSession.create(files[2], { executionProviders: ["wasm"] });
  postMessage({ kind: "ready", name: manifest.name, threads });
  return { tokenizer, session };
}

async function fetched(name) {
  const response = await fetch(new URL(name, MODEL));
  if (!response.ok) throw new Error(`model/${name}: the server answered ${response.status}`);
  return response;
}

async function checked(name, sha256) {
  const response = await fetched(name);
  const total = Number(response.headers.get("Content-Length")) || 0;
  const parts = [];
  let done = 0;
  for (const reader = response.body.getReader(); ;) {
    const part = await reader.read();
    if (part.done) break;
    parts.push(part.value);
    done += part.value.length;
    if (total > 1e6) postMessage({ kind: "loading", done, total });
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  // Browsers offer digests on https and on this machine's own address only.
  if (self.crypto?.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) throw new Error(`model/${name}: differs from its manifest; build the page again`);
  }
  return bytes;
}

async function serve({ tokenizer, session }) {
  for (;;) {
    while (!jobs.length) await new Promise((resolve) => (wake = resolve));
    // One batch of each job in turn: a query does not wait for a whole book.
    const job = jobs.shift();
    job.batches ??= batchesOf(job.texts.map((text) => idsOf(tokenizer, text)));
    const batch = job.batches.shift();
    if (batch) {
      const vectors = await vectorsOf(session, batch.map(({ ids }) => ids));
      const indices = batch.map(({ index }) => index);
      postMessage({ kind: "vectors", id: job.id, indices, vectors }, [vectors.buffer]);
    }
    if (job.batches.length) jobs.push(job);
    // Lets messages in, of which one may cancel the rest.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function idsOf(tokenizer, text) {
  const { ids } = tokenizer.encode(readable(text), { add_special_tokens: false });
  return [tokenizer.token_to_id("<s>"), ...ids.slice(0, MAX_TOKENS - 2), tokenizer.token_to_id("</s>")];
}

function batchesOf(rows) {
  const sorted = rows.map((ids, index) => ({ ids, index })).sort((a, b) => b.ids.length - a.ids.length);
  const batches = [];
  for (const row of sorted) {
    const batch = batches.at(-1);
    const longest = batch?.[0].ids.length;
    const fits = batch && longest * (batch.length + 1) <= BATCH_TOKENS && row.ids.length >= CLOSE * longest;
    if (fits) batch.push(row);
    else batches.push([row]);
  }
  return batches;
}

async function vectorsOf(session, rows) {
  const width = rows[0].length;
  const ids = new BigInt64Array(rows.length * width).fill(1n); // 1 is <pad>
  const mask = new BigInt64Array(rows.length * width);
  rows.forEach((row, r) => row.forEach((id, c) => {
    ids[r * width + c] = BigInt(id);
    mask[r * width + c] = 1n;
  }));
  const shape = [rows.length, width];
  const { sentence_embedding: found } = await session.run({
    input_ids: new ort.Tensor("int64", ids, shape),
    attention_mask: new ort.Tensor("int64", mask, shape),
  });
  return new Float32Array(found.data);
}
