// A trained Transformer in plain JavaScript: what the browser computes when a structure is flipped. It follows
// transformer.py, blocks.py and attention.py of the library, and tests/test_structure_explorer.py holds it to their logits.
// The four switches appear in the places marked S1 to S4. Weights are those of corner_models.safetensors: width 32, three
// layers a stack, two heads, RMSNorm before each part, GELU, learned positions, no biases.
//
// A vector is a Float64Array. A matrix is one long array, row after row, as PyTorch stores it. There is no mask: what a
// token may not see does not stand in the list that it looks through.
const WIDTH = 32, LAYERS = 3, HEADS = 2, HEAD = WIDTH / HEADS;
const PADDING = 0, BEGIN = 1, END = 2; // ids of [PAD], [BOS] and [EOS]

// --- the sixteen models in one file ----------------------------------------------------------------------------------

const SWITCHES = ["S1", "S2", "S3", "S4"];
const codeOf = (structure) => SWITCHES.map((name) => (structure[name] ? name : "--")).join(" ");
const structureOf = (code) => Object.fromEntries(SWITCHES.map((name, place) => [name, code.split(" ")[place] === name]));

// A number of 16 bits: one of sign, five of exponent, ten of fraction.
function half(bits) {
  const exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return (bits >> 15 ? -1 : 1) * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

// A safetensors file: the length of its header, the header (names, shapes, places), then all numbers.
function openWeights(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const numbers = new Uint16Array(bytes.buffer.slice(bytes.byteOffset + 8 + length, bytes.byteOffset + bytes.byteLength));
  const read = ([start, end]) => Float64Array.from(numbers.subarray(start / 2, end / 2), half);
  const made = new Map();
  return { about: JSON.parse(header.__metadata__.about), model }; // model(structure): one of the sixteen, made once

  function model(structure) {
    const code = codeOf(structure);
    if (!made.has(code)) made.set(code, build(structure, `${code}/`));
    return made.get(code);
  }

  function build(structure, start) {
    let parameters = 0;
    const tensors = {};
    for (const [name, { data_offsets: place }] of Object.entries(header)) {
      if (!name.startsWith(start)) continue;
      tensors[name.slice(start.length)] = read(place);
      parameters += (place[1] - place[0]) / 2;
    }
    const names = Object.keys(tensors);
    const part = (name) => // tensors by what is left of their names: {"attention.query": Float64Array, ...}
      Object.fromEntries(names.filter((each) => each.startsWith(name)).map((each) => [each.slice(name.length, -".weight".length), tensors[each]]));
    const stack = (name) => ({ layers: [0, 1, 2].map((level) => part(`${name}.layers.${level}.`)), norm: tensors[`${name}.final_norm.weight`] });
    const input = stack("input_stack");
    const target = structure.S2 ? stack("target_stack") : input; // S2: two stacks, or one under two names
    return { structure, parameters, input, target, embedding: part("embedding.") };
  }
}

// --- what every layer is made of -------------------------------------------------------------------------------------

// y = W x
function times(matrix, x) {
  const y = new Float64Array(matrix.length / x.length);
  for (let row = 0, at = 0; row < y.length; row++) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += matrix[at++] * x[i];
    y[row] = sum;
  }
  return y;
}

const add = (x, y) => x.map((value, i) => value + y[i]);

// RMSNorm: x / √(mean x² + ε) · gain
function normalise(x, gain) {
  let squares = 0;
  for (const value of x) squares += value * value;
  const size = Math.sqrt(squares / x.length + 1e-5);
  return x.map((value, i) => (value / size) * gain[i]);
}

// softmax(s)ᵢ = exp sᵢ / Σ exp sⱼ; the largest is subtracted before, so that nothing overflows.
function softmax(scores) {
  const largest = Math.max(...scores), powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// GELU: x Φ(x), Φ the normal distribution; its error function by Chebyshev polynomials (Numerical Recipes, erfc).
const ERFC = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
function gelu(x) {
  const z = Math.abs(x) / Math.SQRT2, t = 1 / (1 + z / 2);
  const tail = (t / 2) * Math.exp(-z * z + ERFC.reduceRight((sum, factor) => sum * t + factor, 0)); // Φ(-|x|)
  return x * (x < 0 ? tail : 1 - tail);
}

// x + W₂ GELU(W₁ x̂), x̂ the normalised x
function feedForward(layer, x) {
  const hidden = times(layer["feed_forward.expand"], normalise(x, layer.feed_forward_norm)).map(gelu);
  return add(x, times(layer["feed_forward.contract"], hidden));
}

// Queries and keys are normalised head by head.
function byHead(x, gain) {
  const heads = [];
  for (let at = 0; at < WIDTH; at += HEAD) heads.push(normalise(x.subarray(at, at + HEAD), gain));
  return heads;
}

// What a token offers to those that look: a key to be found by and a value to give. Kept, they are the cache.
function keyValue(layer, reader, x) {
  return { key: byHead(times(layer[`${reader}.key`], x), layer[`${reader}.key_norm`]), value: times(layer[`${reader}.value`], x) };
}

// softmax(q Kᵀ / √d) V of one token, head by head: what it adds to the token, and the weights (head → one per key seen).
function attend(layer, reader, x, seen) {
  const queries = byHead(times(layer[`${reader}.query`], x), layer[`${reader}.query_norm`]);
  const mixed = new Float64Array(WIDTH);
  const weights = queries.map((query, head) => {
    const scores = seen.map(({ key }) => key[head].reduce((sum, value, i) => sum + value * query[i], 0) / Math.sqrt(HEAD));
    const shares = softmax(scores);
    for (let i = head * HEAD; i < (head + 1) * HEAD; i++) seen.forEach(({ value }, place) => (mixed[i] += shares[place] * value[i]));
    return shares;
  });
  return { change: times(layer[`${reader}.output`], mixed), weights };
}

// A row of the table of tokens, one of positions, one of segments (0: input, 1: target).
function embed({ embedding }, id, position, segment) {
  const row = (table, place) => table.subarray(place * WIDTH, (place + 1) * WIDTH);
  return add(add(row(embedding.tokens, id), row(embedding.positions, position)), row(embedding.segments, segment));
}

// --- reading and writing ---------------------------------------------------------------------------------------------

// Run the input stack over the source's ids. `keysValues`: for each target layer, what it will read of the input;
// `weights[level][token][head]`: a weight per input token that was seen.
function read(model, source) {
  const { S1, S2, S3, S4 } = model.structure;
  let states = source.map((id, place) => embed(model, id, place, 0));
  const asking = [], own = [], weights = [];
  for (const layer of model.input.layers) {
    const normal = states.map((state) => normalise(state, layer.attention_norm));
    const offered = normal.map((x) => keyValue(layer, "attention", x));
    const results = normal.map((x, place) => attend(layer, "attention", x, S4 ? offered : offered.slice(0, place + 1))); // S4
    states = states.map((state, place) => feedForward(layer, add(state, results[place].change)));
    asking.push(normal);
    own.push(offered);
    weights.push(results.map((result) => result.weights));
  }
  const final = states.map((state) => normalise(state, model.input.norm));
  const reader = S1 ? "cross_attention" : "attention";
  const keysValues = model.target.layers.map((layer, level) => {
    if (S3) return final.map((x) => keyValue(layer, reader, x)); // S3: every target layer reads the final input states,
    if (!S2 && !S1) return own[level]; // or layer l what input layer l read: its very keys and values,
    return asking[level].map((x) => keyValue(layer, reader, x)); // or, where the matrices differ, projected anew
  });
  return { source, keysValues, weights };
}

// One more target token after a memory and a cache (per layer, keys and values of the target so far), which grows.
// Returns logits and, per layer and head, the weights on each input token and on each target token so far.
function write(model, memory, cache, id) {
  const { S1 } = model.structure, length = memory.source.length, weights = [];
  let state = embed(model, id, length + cache[0].length, 1);
  model.target.layers.forEach((layer, level) => {
    const x = normalise(state, layer.attention_norm);
    cache[level].push(keyValue(layer, "attention", x));
    const input = memory.keysValues[level];
    const self = attend(layer, "attention", x, S1 ? cache[level] : [...input, ...cache[level]]); // S1: one softmax over both,
    state = add(state, self.change);
    let cross = null;
    if (S1) { // or one of its own for the input
      cross = attend(layer, "cross_attention", normalise(state, layer.cross_attention_norm), input);
      state = add(state, cross.change);
    }
    state = feedForward(layer, state);
    weights.push(self.weights.map((shares, head) => (S1 ? { input: cross.weights[head], target: shares } : { input: shares.slice(0, length), target: shares.slice(length) })));
  });
  return { logits: times(model.embedding.tokens, normalise(state, model.target.norm)), weights };
}

// The most likely token, again and again, until [EOS] or the last position, which a right translation never passes. Each
// step: the token read, the one written, probabilities, weights.
function translate(model, source) {
  const memory = read(model, source), cache = model.target.layers.map(() => []), steps = [];
  const room = model.embedding.positions.length / WIDTH - source.length;
  for (let id = BEGIN; id !== END && steps.length < room; ) {
    const { logits, weights } = write(model, memory, cache, id);
    logits[PADDING] = -Infinity; // never written
    const best = logits.indexOf(Math.max(...logits));
    steps.push({ read: id, written: best, probabilities: softmax(logits), weights });
    id = best;
  }
  return { source, reading: memory.weights, steps };
}

// --- what it costs (cost.py) and what is right (number_words.py) -----------------------------------------------------

// FLOPs of one pass over input and target, logits included; only matrix products count.
function forwardFlops({ S1, S2, S3 }, source, target, vocabulary) {
  const attention = (queries, keys) => 4 * queries * keys * WIDTH, square = WIDTH ** 2;
  let layer = (source + target) * 24 * square + attention(source, source) + attention(target, target) + attention(target, source);
  if (S1 || S2 || S3) layer += 4 * source * square; // else the target looks at the input's own keys and values
  if (S1) layer += 4 * target * square; // cross-attention's own queries and output
  return LAYERS * layer + 2 * target * WIDTH * vocabulary;
}

const cacheBytes = (source, target) => 2 * LAYERS * WIDTH * (source + target) * 4;

// Ids of a number's words: the vocabulary lists 0 to 19, the tens, hundred and thousand, first English, then German.
function english(number) {
  if (number < 20) return [3 + number];
  if (number < 100) return [21 + Math.floor(number / 10), ...(number % 10 ? [3 + (number % 10)] : [])];
  const [size, id] = number < 1000 ? [100, 31] : [1000, 32];
  return [...english(Math.floor(number / size)), id, ...(number % size ? english(number % size) : [])];
}

function german(number, more = false) { // before other words "eins" is "ein"
  if (number < 20) return [number === 0 ? 33 : number === 1 && more ? 34 : 34 + number];
  if (number < 100) return [...(number % 10 ? [...german(number % 10, true), 54] : []), 53 + Math.floor(number / 10)];
  const [size, id] = number < 1000 ? [100, 63] : [1000, 64];
  return [...german(Math.floor(number / size), true), id, ...(number % size ? german(number % size, more) : [])];
}
