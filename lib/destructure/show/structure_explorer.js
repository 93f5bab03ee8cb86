// The structure explorer: what is drawn and clicked. What is computed stands in corner_model.js, which comes before this in
// one module without imports, so that it works in a notebook, on a page and from a folder without a server.
const SWITCH_NAMES = {
  S1: "cross-attention of its own", S2: "parameters of its own", S3: "reads the final layer", S4: "input sees both ways",
};
const USUAL_NAMES = { "S1 S2 S3 S4": "encoder-decoder", "-- -- -- S4": "prefix LM", "-- -- -- --": "decoder-only" };
const PATH = ["S1 S2 S3 S4", "-- S2 S3 S4", "-- -- S3 S4", "-- -- -- S4", "-- -- -- --"]; // the lecture's
const NUMBERS = [23, 234, 4711, 6020, 57302, 98765];
const LARGEST = 999999, LEARNED = 99999;
const FAINT = 0.03; // weights below are not drawn as lines
const PACE = 800; // milliseconds per step when it plays

const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const nameOf = (code) => USUAL_NAMES[code] ?? code;

// A number typed in digits, with or without commas; what is none of ours gets one sentence.
function readNumber(text) {
  const digits = text.replace(/[,\s]/g, "");
  if (!/^\d+$/.test(digits)) throw new Error(`“${text}” is not a number in digits; type one from 0 to 999,999, such as 23.`);
  if (Number(digits) > LARGEST) throw new Error(`${text} is too large; type a number from 0 to 999,999, such as 23.`);
  return Number(digits);
}

// --- drawings, each a text of SVG or HTML -----------------------------------------------------------------------------

// Where things stand: a column per token, input first, and a row per layer, the embedding at the bottom. What target layers
// read with S3, the final input states, has a row above all layers, so that lines fall to each of them.
function layout(width, source, target) {
  const left = 52, gap = 14, step = Math.min(60, (width - left - gap - 18) / (source + target));
  const across = (column) => left + (column + 0.5) * step + (column >= source ? gap : 0);
  return { step, across, up: (level) => 282 - 56 * level, final: 82, height: 366, width: across(source + target - 1) + step / 2 + 14 };
}

// One line per weight, collected in few paths: by kind, head, strength and whether its token is the one looked at.
function lines(view) {
  const place = view.place, paths = new Map();
  const draw = (kind, head, share, chosen, from, to) => {
    if (share < FAINT) return;
    const key = `${kind} ${head} ${Math.ceil(share * 6)} ${chosen ? "chosen" : "other"}`;
    paths.set(key, `${paths.get(key) ?? ""}M${from.map(Math.round)}L${to.map(Math.round)}`);
  };
  const { source, reading, steps } = view.run, { S1, S3 } = view.structure;
  reading.forEach((tokens, level) => tokens.forEach((heads, query) => heads.forEach((shares, head) => shares.forEach((share, key) =>
    draw("input", head, share, query === view.chosen, [place.across(key), place.up(level)], [place.across(query), place.up(level + 1)])))));
  steps.slice(0, view.step + 1).forEach(({ weights }, query) => weights.forEach((heads, level) => heads.forEach(({ input, target }, head) => {
    const to = [place.across(source.length + query), place.up(level + 1)], chosen = source.length + query === view.chosen;
    input.forEach((share, key) => draw(S1 ? "cross" : "target", head, share, chosen, [place.across(key), S3 ? place.final : place.up(level)], to));
    target.forEach((share, key) => draw("target", head, share, chosen, [place.across(source.length + key), place.up(level)], to));
  })));
  return [...paths].map(([key, path]) => {
    const [kind, head, strength, chosen] = key.split(" ");
    const opacity = (chosen === "chosen" ? 1 : 0.3) * (0.15 + 0.85 * (strength / 6));
    return `<path class="line ${kind} head-${head}" d="${path}" stroke-width="${0.5 + strength * 0.6}" opacity="${opacity.toFixed(2)}"/>`;
  }).join("");
}

function figure(view) {
  const { place, run, structure, tokens } = view, { source, steps } = run, count = source.length + steps.length;
  const slant = place.step > 26 ? -40 : -90, parts = [], [low, high] = [place.up(0), place.up(LAYERS)], words = place.final - 10;
  const word = (column, y, text, kind, down) => {
    const x = place.across(column) + (slant === -90 ? 4 : 0);
    return `<text class="word ${kind}" x="${x}" y="${y}" text-anchor="${down ? "end" : "start"}" transform="rotate(${slant} ${x} ${y})">${escaped(text)}</text>`;
  };
  for (let level = 0; level <= LAYERS; level++) {
    parts.push(`<text class="level" x="2" y="${place.up(level) + 4}">${level ? `layer ${level}` : "token"}</text>`);
  }
  if (structure.S3) parts.push(`<text class="level" x="2" y="${place.final + 4}">final</text>`);
  for (let column = 0; column < count; column++) {
    const isInput = column < source.length, kind = !structure.S2 ? "shared" : isInput ? "input" : "target", x = place.across(column);
    const step = column - source.length, shown = isInput || step <= view.step, picked = column === view.chosen ? "chosen" : "";
    if (!shown) continue;
    const top = isInput && !structure.S3 ? high : place.final;
    parts.push(`<g class="column ${kind} ${picked}" data-column="${column}"><rect x="${x - place.step / 2}" y="${top - 10}" width="${place.step}" height="${low - top + 20}"/>`);
    parts.push(`<line x1="${x}" x2="${x}" y1="${low}" y2="${top}"/>`);
    for (let level = 0; level <= LAYERS; level++) {
      const unread = isInput && !structure.S3 && level === LAYERS ? "unread" : ""; // what the last input layer makes
      parts.push(`<circle class="${unread}" cx="${x}" cy="${place.up(level)}" r="5"/>`);
    }
    if (isInput && structure.S3) parts.push(`<circle cx="${x}" cy="${place.final}" r="5"/>`);
    parts.push(word(column, low + 20, tokens[isInput ? source[column] : steps[step].read], picked, true));
    if (!isInput) parts.push(word(column, words, tokens[steps[step].written], `written ${picked}`, false));
    parts.push("</g>");
  }
  return `<svg viewBox="0 0 ${place.width} ${place.height}" width="${place.width}" height="${place.height}" role="img" aria-label="${escaped(view.described)}">${parts.join("")}<g class="lines">${lines(view)}</g></svg>`;
}

// Who sees whom: a row per token that looks, a column per token that is looked at; a frame around what shares a softmax.
function mask(view) {
  const { structure, run } = view, source = run.source.length, all = source + run.steps.length;
  const cell = Math.min(16, 230 / all), apart = structure.S1 ? 5 : 0, cells = {}, frames = [];
  const x = (column) => column * cell + (column >= source ? apart : 0), y = (row) => row * cell + (row >= source ? apart : 0);
  for (let row = 0; row < all; row++) {
    for (let column = 0; column < all; column++) {
      if (row < source && column >= source) continue; // the input never sees the target
      const seen = column <= row || (structure.S4 && column < source && row < source) || (row >= source && column < source);
      const kind = !seen ? "hidden" : row < source ? "input" : column < source && structure.S1 ? "cross" : "target";
      cells[kind] = `${cells[kind] ?? ""}M${x(column) + 1} ${y(row) + 1}h${cell - 2}v${cell - 2}h${2 - cell}z`;
    }
  }
  const frame = (row, column, rows, columns) =>
    frames.push(`<rect x="${x(column)}" y="${y(row)}" width="${columns * cell}" height="${rows * cell}"/>`);
  const target = all - source;
  frame(0, 0, source, source);
  if (structure.S1) { frame(source, 0, target, source); frame(source, source, target, target); } else frame(source, 0, target, all);
  const size = all * cell + apart + 2;
  const drawn = Object.entries(cells).map(([kind, path]) => `<path class="cell ${kind}" d="${path}"/>`).join("");
  const row = `<rect class="row" x="0" y="${y(view.chosen)}" width="${(view.chosen < source ? source : all) * cell + (view.chosen < source ? 0 : apart)}" height="${cell}"/>`;
  const said = `Mask: each input token sees ${structure.S4 ? "the whole input" : "itself and earlier input tokens"}; each target token sees the whole input, itself and earlier target tokens, ${structure.S1 ? "in two softmaxes" : "in one softmax"}.`;
  return `<svg viewBox="-1 -1 ${size + 2} ${size + 2}" width="${size + 2}" height="${size + 2}" role="img" aria-label="${said}">${drawn}<g class="frames">${frames.join("")}</g>${row}</svg><p>${said}</p>`;
}

function bars(view) {
  const { probabilities, read } = view.run.steps[view.step];
  const best = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]).slice(0, 5);
  const rows = best.map((id) => `<li><span>${escaped(view.tokens[id])}</span><i style="width:${(probabilities[id] * 100).toFixed(1)}%"></i><b>${percent(probabilities[id], 1)}</b></li>`);
  return `<p><b>After ${escaped(view.tokens[read])}, the next token</b></p><ol class="bars">${rows.join("")}</ol>`;
}

// The numbers behind the lines of one token: a row per token that it sees, a column per layer and head.
function table(view) {
  const { run, structure, chosen, tokens } = view, source = run.source.length, isInput = chosen < source;
  const at = (level, head) => (isInput ? { input: run.reading[level][chosen][head], target: [] } : run.steps[chosen - source].weights[level][head]);
  const columns = [...Array(LAYERS * HEADS).keys()].map((place) => at(Math.floor(place / HEADS), place % HEADS));
  const row = (label, shares, kind = "") => `<tr class="${kind}"><th scope="row">${label}</th>${shares.map((share) => `<td>${share === undefined ? "hidden" : percent(share)}</td>`).join("")}</tr>`;
  const total = (part) => columns.map((column) => column[part].reduce((sum, share) => sum + share, 0));
  const rows = [row("all input", total("input"), "total")];
  run.source.forEach((id, place) => rows.push( row(`${place + 1} ${tokens[id]}`, columns.map((column) => column.input[place]))));
  if (!isInput) {
    rows.push(row("all target", total("target"), "total"));
    run.steps.slice(0, chosen - source + 1).forEach(({ read }, place) => rows.push(row(`${place + 1} ${escaped(tokens[read])}`, columns.map((column) => column.target[place]))));
  }
  const after = (level) => (structure.S3 && !isInput ? LAYERS : level);
  const head = `<tr><th scope="col" rowspan="2">sees</th>${[1, 2, 3].map((layer) => `<th scope="colgroup" colspan="${HEADS}">layer ${layer}</th>`).join("")}</tr><tr>${columns.map((_, place) => `<th scope="col">head ${(place % HEADS) + 1}</th>`).join("")}</tr>`;
  const reads = `<tr><th scope="row">reads the input after</th>${[0, 1, 2].map((level) => `<td colspan="${HEADS}">${after(level)} layer${after(level) === 1 ? "" : "s"}</td>`).join("")}</tr>`;
  return `<table><thead>${head}</thead><tbody>${reads}${rows.join("")}</tbody></table>`;
}

function costs(view) {
  const { file, run, structure } = view, whole = structureOf(PATH[0]), lengths = [run.source.length, run.steps.length], size = file.about.tokens.length;
  const rows = [
    ["parameters", view.model.parameters, file.model(whole).parameters],
    ["FLOPs per pass", forwardFlops(structure, ...lengths, size), forwardFlops(whole, ...lengths, size)],
    ["bytes of cache", cacheBytes(...lengths), cacheBytes(...lengths)],
  ];
  const change = (now, before) => (now === before ? "same" : percent(now / before - 1).replace("-", "−"));
  const body = rows.map(([name, now, before]) => `<tr><th scope="row">${name}</th><td>${now.toLocaleString("en")}</td><td>${change(now, before)}</td></tr>`);
  return `<table><thead><tr><th scope="col">cost</th><th scope="col">here</th><th scope="col">to all four</th></tr></thead><tbody>${body.join("")}</tbody></table>`;
}

// How well this model does, beside the eight registered seeds of its corner.
function score(view) {
  const { right, seeds } = view.file.about.corners[codeOf(view.structure)], [least, most] = [seeds[0], seeds[seeds.length - 1]];
  const outside = right < least || right > most ? " It lies outside that spread." : "";
  const ticks = seeds.map((each) => `<line x1="${4 + 192 * each}" x2="${4 + 192 * each}" y1="3" y2="17"/>`).join("");
  return `<p>This model gets <b>${percent(right, 1)}</b> of 1,000 unseen numbers right (seed ${view.file.about.seed}); the ${seeds.length} registered seeds of this corner get ${percent(least, 1)} to ${percent(most, 1)}.${outside}</p>
    <svg viewBox="0 0 200 20" width="200" height="20" aria-hidden="true"><line x1="4" x2="196" y1="10" y2="10"/>${ticks}<circle cx="${4 + 192 * right}" cy="10" r="5"/></svg>`;
}

// --- the page, and what its controls do -------------------------------------------------------------------------------

const button = (action, value, label, more = "") => `<button type="button" data-${action}="${value}" ${more}>${label}</button>`;

const PAGE = `
<form novalidate><label>Number <input type="text" inputmode="numeric" autocomplete="off" maxlength="24"></label> <button>Translate</button>
  <span role="group" aria-label="Numbers to try">${NUMBERS.map((each) => button("number", each, each.toLocaleString("en"))).join("")}</span></form>
<p class="wrong" role="alert"></p>
<div class="switches" role="group" aria-label="Structures">${SWITCHES.map((name) => button("switch", name, `<i></i><span><b>${name}</b> ${SWITCH_NAMES[name]}</span>`, 'role="switch"')).join("")}</div>
<div class="path" role="group" aria-label="The lecture's path">${PATH.map((code, place) => button("code", code, place ? `edit ${place}${USUAL_NAMES[code] ? `: ${USUAL_NAMES[code]}` : ""}` : nameOf(code))).join("")}</div>
<div class="said"><p class="result" aria-live="polite"></p><p class="beyond"></p><div class="score"></div></div>
<div class="steps" role="group" aria-label="Steps">${button("step", "first", "|◀", 'aria-label="first step"')}${button("step", "back", "◀", 'aria-label="step back"')}${button("step", "play", "▶ play")}${button("step", "next", "▶", 'aria-label="next step"')}${button("step", "last", "▶|", 'aria-label="last step"')}<output></output></div>
<div class="seen"><div class="figure" tabindex="-1"></div>
  <p class="legend"><span class="input">the input looks at itself</span><span class="cross">the target at the input, in a softmax of its own</span><span class="target"></span><span class="one">head 1</span><span class="two">head 2</span></p></div>
<div class="below"><div class="numbers"><label>The same in numbers: what <select></select> sees</label><div class="table" tabindex="-1"></div></div>
<div class="beside"><div class="next"></div><div class="costs"></div><div class="mask"></div></div></div>`;

function mount(root, { bytes, number, code, keep = () => {} }) {
  const file = openWeights(bytes), tokens = file.about.tokens, find = (selector) => root.querySelector(selector);
  const view = { file, tokens, number, structure: structureOf(code), step: 0, picked: null }; // picked: a column, null for the step's
  let clock = null;
  root.classList.add("structure-explorer");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Structure explorer");
  root.innerHTML = PAGE;

  function compute() {
    view.model = file.model(view.structure);
    view.run = translate(view.model, english(view.number));
    view.step = Math.min(view.step, view.run.steps.length - 1);
    if (view.picked !== null && view.picked >= view.run.source.length + view.run.steps.length) view.picked = null;
  }

  const shown = new Map();
  const fill = (selector, html) => { // what is as it was stays
    if (shown.get(selector) !== html) find(selector).innerHTML = html;
    shown.set(selector, html);
  };

  function draw() {
    const { run, structure } = view, source = run.source.length, step = run.steps[view.step], name = codeOf(structure);
    view.chosen = view.picked !== null && view.picked <= source + view.step ? view.picked : source + view.step;
    view.place = layout(Math.max(230, find(".figure").clientWidth || 640), source, run.steps.length);
    const text = (ids) => ids.map((id) => tokens[id]).filter((each) => !each.startsWith("[")).join("");
    const so_far = text(run.steps.slice(0, view.step + 1).map((each) => each.written)), done = view.step === run.steps.length - 1;
    const truth = text(german(view.number)), words = run.source.map((id) => tokens[id]).join(" ");
    const verdict = !done ? "…" : so_far === truth && step.written === END ? " ✓ right" : ` ✗ the right answer is “${truth}”`;
    view.described = `${nameOf(name)} translates “${words}”. Step ${view.step + 1} of ${run.steps.length}. Each target layer reads ${structure.S3 ? "the final input states" : "what the input layer of its level reads"}. The weights stand in the table below.`;
    fill(".figure", figure(view));
    fill(".next", bars(view));
    fill(".mask", mask(view));
    fill(".table", table(view));
    fill(".costs", costs(view));
    fill(".score", score(view));
    fill(".result", `<b>${nameOf(name)}</b>: ${words} → <b lang="de">${so_far}</b>${verdict}`);
    fill(".beyond", view.number > LEARNED ? "The models learned numbers up to 99,999; this one lies beyond, so they guess." : "");
    find("output").textContent = `step ${view.step + 1} of ${run.steps.length}: reads ${tokens[step.read]}, writes ${tokens[step.written]} (${percent(step.probabilities[step.written], 1)})`;
    const options = [...run.source, ...run.steps.slice(0, view.step + 1).map((each) => each.read)].map((id, place) =>
      `<option value="${place}">${place < source ? `input ${place + 1}` : `target ${place - source + 1}`}: ${escaped(tokens[id])}</option>`);
    fill("select", `<option value="">the step's own token</option>${options.join("")}`);
    find("select").value = view.picked !== null && view.chosen === view.picked ? view.picked : "";
    root.toggleAttribute("data-shared", !structure.S2);
    for (const each of root.querySelectorAll("[data-switch]")) each.setAttribute("aria-checked", structure[each.dataset.switch]);
    for (const each of root.querySelectorAll("[data-code]")) each.setAttribute("aria-pressed", each.dataset.code === name);
    find('[data-step="play"]').textContent = clock ? "⏸ pause" : "▶ play";
    find(".legend .cross").hidden = !structure.S1;
    find(".legend .target").textContent = structure.S1 ? "the target at itself" : "the target at the input and itself, in one softmax";
    requestAnimationFrame(() => { // what is wider than its box can be scrolled by keyboard
      for (const each of root.querySelectorAll(".figure, .table")) each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1;
    });
    const rests = "This is how it stood when the notebook was saved; run its cells to use it again.";
    const parts = [".result", ".score p", ".figure", ".legend", ".table"];
    keep(() => `${parts.map((part) => find(part).outerHTML).join("")}<p><em>${rests}</em></p>`, view);
  }

  function stop() {
    clearInterval(clock);
    clock = null;
    find(".result").setAttribute("aria-live", "polite");
  }

  function play() {
    if (view.step === view.run.steps.length - 1) view.step = 0;
    find(".result").setAttribute("aria-live", "off"); // not a word per step
    clock = setInterval(() => {
      if (!root.isConnected) return stop();
      view.step += 1;
      if (view.step >= view.run.steps.length - 1) stop();
      draw();
    }, PACE);
  }

  function show(number) {
    stop();
    Object.assign(view, { number, step: 0, picked: null });
    find("input").value = number.toLocaleString("en");
    compute();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) view.step = view.run.steps.length - 1;
    else if (view.run.steps.length > 1) play();
    draw();
  }

  function flip(structure) {
    view.structure = structure;
    compute();
    if (view.step === view.run.steps.length - 1) stop();
    draw();
  }

  const actions = {
    number: (value) => { fill(".wrong", ""); show(Number(value)); },
    switch: (name) => flip({ ...view.structure, [name]: !view.structure[name] }),
    code: (code) => flip(structureOf(code)),
    step(what) {
      const playing = clock, last = view.run.steps.length - 1;
      stop();
      if (what === "play") { if (!playing) play(); }
      else view.step = { first: 0, back: Math.max(0, view.step - 1), next: Math.min(last, view.step + 1), last }[what];
      draw();
    },
  };

  root.addEventListener("click", (event) => {
    const column = event.target.closest("[data-column]"), pressed = event.target.closest("button[type=button]");
    if (column) { view.picked = Number(column.dataset.column); draw(); }
    if (pressed) for (const [action, run] of Object.entries(actions)) if (action in pressed.dataset) run(pressed.dataset[action]);
  });
  find("select").addEventListener("change", ({ target }) => { view.picked = target.value === "" ? null : Number(target.value); draw(); });
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const number = readNumber(find("input").value.trim());
      fill(".wrong", "");
      show(number);
    } catch (error) {
      fill(".wrong", escaped(error.message)); // and what was drawn stays
    }
  });
  root.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab has shortcuts of its own
  find("input").value = number.toLocaleString("en");
  compute();
  view.step = view.run.steps.length - 1;
  draw();
  let width = find(".figure").clientWidth;
  const sized = new ResizeObserver(() => { // lines up again when there is more or less room
    if (width !== find(".figure").clientWidth) { width = find(".figure").clientWidth; draw(); }
  });
  sized.observe(root);
  return () => { stop(); sized.disconnect(); };
}

function render({ model, el }) {
  const weights = model.get("weights"), bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  let later = null; // what a notebook shows that is opened without its kernel is kept when things have calmed down
  const keep = (html, view) => {
    clearTimeout(later);
    later = setTimeout(() => {
      model.set("resting", `<style>${model.get("_css")}</style><div class="structure-explorer">${html()}</div>`);
      model.set("number", view.number);
      model.set("code", codeOf(view.structure));
      model.save_changes();
    }, 500);
  };
  const root = document.createElement("div");
  el.appendChild(root);
  const end = mount(root, { bytes, number: model.get("number"), code: model.get("code"), keep });
  return () => { clearTimeout(later); end(); };
}

// On a page without a kernel: every element of the class, from the weights in base64.
function bring(weights) {
  const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
  for (const root of document.querySelectorAll(".structure-explorer")) mount(root, { bytes, number: Number(root.dataset.number), code: root.dataset.code });
}
