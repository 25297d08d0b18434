// The page's end of the line to the worker: promises of vectors, and what they have cost already.

const MOST_KEPT = 20_000;

export class Client {
  /** @param {(said: object) => void} told is called while the model loads, and when it has. */
  constructor(told) {
    this.jobs = new Map();
    this.kept = new Map();
    this.next = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => {
      if (data.kind === "vectors") this.jobs.get(data.id)?.(data);
      else told(data);
    };
    this.worker.onerror = (event) => told({ kind: "failed", message: event.message || "the worker did not start" });
  }

  /**
   * Vectors of texts, in their order.
   *
   * @param {string[]} texts
   * @param {{signal?: AbortSignal, progress?: (vectors: (Float32Array|undefined)[], done: number) => void}} options
   * @returns {Promise<Float32Array[]>} rejected when the signal aborts.
   */
  vectors(texts, { signal, progress } = {}) {
    const found = texts.map((text) => this.kept.get(text));
    const missing = texts.map((_, index) => index).filter((index) => !found[index]);
    let done = texts.length - missing.length;
    progress?.(found, done);
    if (!missing.length) return Promise.resolve(found);
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const end = () => {
        this.jobs.delete(id);
        signal?.removeEventListener("abort", stop);
      };
      const stop = () => {
        end();
        this.worker.postMessage({ kind: "cancel", id });
        reject(signal.reason);
      };
      this.jobs.set(id, ({ indices, vectors }) => {
        const width = vectors.length / indices.length;
        indices.forEach((at, row) => {
          found[missing[at]] = vectors.subarray(row * width, (row + 1) * width);
          this.#keep(texts[missing[at]], found[missing[at]]);
        });
        done += indices.length;
        progress?.(found, done);
        if (done < texts.length) return;
        end();
        resolve(found);
      });
      signal?.addEventListener("abort", stop);
      this.worker.postMessage({ kind: "embed", id, texts: missing.map((index) => texts[index]) });
    });
  }

  #keep(text, vector) {
    if (this.kept.size >= MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
    this.kept.set(text, vector);
  }
}

/** Cosine of two unit vectors. */
export function cosine(first, second) {
  let sum = 0;
  for (let at = 0; at < first.length; at++) sum += first[at] * second[at];
  return sum;
}
