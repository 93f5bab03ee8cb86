// Cuts the parts of a notebook into slides by what really fits, with this machine's fonts, and starts reveal.js.
//
// What the notebook marks as a slide goes to the right, what follows it down. A slide holds one part, or short ones
// together; a part that is too long goes on at the next paragraph, point, row, sentence or line of code. A picture is
// made smaller only as long as its text stays readable.
"use strict";

const [WIDTH, HEIGHT] = [1160, 632]; // between the margins of a slide of 1280 × 720
const WORDS = 85; // of prose, on one slide; of a list, half as many more
const ASKED = 150; // of an exercise or its solution, which stand on one slide if they can
const SHORT = 300; // a slide less high has room for the next part
const READABLE = 0.77; // of a picture's own size: its smallest text, 26 pixels, is then 20

const count = (one) => one.textContent.split(/\s+/).filter(Boolean).length;
const isProse = (one) => /^(P|UL|OL|BLOCKQUOTE)$/.test(one.tagName);
const announces = (one) => one?.tagName === "P" && count(one) < 16 && /:$|^You will/.test(one.textContent.trim());
const isHeading = (one) => /^H\d$/.test(one.tagName);

function element(name, className, ...content) {
  const made = Object.assign(document.createElement(name), { className });
  made.append(...content);
  return made;
}

// The sentences of a paragraph, each with the formulas and links in it.
function sentences(paragraph) {
  const ends = /[.?!]["”)]*\s+$/, found = [element("span", "")];
  for (const node of [...paragraph.childNodes]) {
    const texts = node.nodeType === Node.TEXT_NODE ? node.textContent.split(/(?<=[.?!]["”)]*\s)/) : [node];
    for (const text of texts) {
      found.at(-1).append(text);
      if (ends.test(text)) found.push(element("span", ""));
    }
  }
  return found.filter((one) => one.textContent.trim());
}

// What a block can be cut into, and an empty one like it.
function pieces(block) {
  const shell = () => block.cloneNode(false);
  switch (block.tagName) {
    case "PRE": return [[...block.children], shell];
    case "P": return [sentences(block), shell];
    case "UL": return [[...block.children], shell];
    case "OL":
      [...block.children].forEach((item, place) => { item.value = block.start + place; });
      return [[...block.children], shell];
    case "TABLE": return [[...block.querySelectorAll("tbody > tr")], () => element("table", block.className, block.tHead?.cloneNode(true) ?? "")];
    default: return [[], shell];
  }
}

class Cutter {
  constructor(slides) { Object.assign(this, { slides, heading: "" }); }

  // A new slide for a part: to the right, or below the one before.
  begin(part, beside = false) {
    this.body = element("div", "body");
    this.page = element("section", "page", this.body);
    this.page.dataset.closed = part.dataset.closed ?? "";
    this.page.dataset.where = this.heading;
    const notes = part.querySelector("aside.notes");
    if (notes) this.page.append(notes.cloneNode(true));
    if (beside || !this.stack) this.slides.append((this.stack = element("section", "")));
    this.stack.append(this.page);
  }

  get room() { return HEIGHT - (this.page.dataset.closed ? 70 : 0); }

  fits() {
    const prose = [...this.body.children].filter(isProse);
    const long = prose.reduce((sum, one) => sum + count(one) / (/L$/.test(one.tagName) ? 1.5 : 1), 0) > (this.talks ? WORDS : ASKED);
    return this.body.offsetHeight <= this.room && !long;
  }

  // Put a picture as large as there is room; whether its text is readable then, or cannot be made larger.
  picture(image) {
    image.style.height = 0;
    this.body.append(image);
    const { naturalWidth: width, naturalHeight: height } = image;
    const scale = Math.min((this.room - this.body.offsetHeight - 24) / height, WIDTH / width, 1.15);
    image.style.height = `${Math.max(0, Math.floor(scale * height))}px`;
    image.dataset.scale = scale.toFixed(2);
    return scale >= READABLE || this.body.children.length === 1;
  }

  tries(block) {
    if (block.matches("img.figure")) return this.picture(block);
    this.body.append(block);
    return this.fits();
  }

  // Whether all these fit below what the slide holds.
  holds(blocks) {
    const fit = blocks.every((block) => this.tries(block));
    blocks.forEach((block) => block.remove());
    return fit;
  }

  put(block, part) {
    if (this.tries(block)) return;
    const alone = this.body.children.length === 1 || [...this.body.children].slice(0, -1).every(isHeading);
    block.remove();
    if (!alone || block.matches("img")) {
      const last = this.body.lastChild, page = this.page;
      this.begin(part);
      if (announces(last) || isHeading(last)) this.body.append(last); // goes with what it announces
      if (!page.firstChild.children.length) page.remove();
      if (this.tries(block)) return;
      block.remove();
    }
    if (block.tagName === "DIV") return [...block.children].forEach((one) => this.put(one, part));
    const [items, shell] = pieces(block);
    if (items.length < 2) return this.body.append(block);
    this.pour(items, shell, part);
  }

  // Pieces of a block onto as few slides as they need, of about the same length.
  pour(items, shell, part) {
    const weights = items.map((item) => (item.matches(".line, tr") ? 1 : count(item)));
    const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
    let open = shell(), held = 0;
    this.body.append(open);
    for (const item of items) {
      open.append(item);
      if (!this.fits()) break;
      held += 1;
    }
    open.remove();
    const first = sum(weights.slice(0, Math.max(1, held))), all = sum(weights);
    const each = all / Math.ceil(all / first);
    let weight = 0, passed = 0, share = each;
    this.body.append((open = shell()));
    items.forEach((item, place) => {
      const blank = !item.textContent.trim(), started = weight > 0;
      if (blank && !started) return;
      open.append(item);
      if (started && (!this.fits() || passed + weights[place] / 2 > share || (blank && weight > 0.7 * each && all - passed > 2))) {
        item.remove();
        this.begin(part);
        this.body.append((open = shell()));
        weight = 0;
        share = Math.max(share + each, passed + each / 2);
        if (blank) return;
        open.append(item);
      }
      weight += weights[place];
      passed += weights[place];
    });
    if (!open.textContent.trim()) open.remove();
  }

  add(part) {
    const { type, source } = part.dataset, beside = type === "slide" || type === "subslide", alone = "alone" in part.dataset;
    const blocks = [...part.children].filter((one) => !one.matches("aside.notes"));
    part.remove();
    if (source?.length < 220) return (this.page.dataset.where = source);
    if (!beside && this.joins && this.body.offsetHeight < (alone ? SHORT / 2 : SHORT)) {
      const words = this.talks;
      this.talks = !alone;
      if (this.holds(blocks)) return blocks.forEach((block) => this.tries(block));
      const { page, body } = this, long = blocks.length > 1 && blocks[0].matches("pre.code") && this.holds([blocks[0]]);
      if (long && !("draws" in part.dataset)) {
        this.begin(part);
        const apart = this.holds(blocks);
        this.page.remove();
        Object.assign(this, { page, body });
        if (!apart) return blocks.forEach((block) => this.put(block, part));
      }
      this.talks = words;
    }
    this.begin(part, beside);
    this.talks = !alone;
    if ("draws" in part.dataset) blocks.sort((one, other) => other.matches("img") - one.matches("img"));
    blocks.forEach((block) => {
      if (/^H[12]$/.test(block.tagName)) {
        this.heading = block.textContent;
        if (this.body.children.length) this.begin(part);
        this.page.dataset.where = this.heading;
      }
      if (!("draws" in part.dataset && block.matches(".code"))) this.put(block, part);
      else if (!this.tries(block)) block.remove(); // a line or two, in the notebook
    });
    this.joins = !alone;
  }

  // Larger letters where there is much room.
  enlarge(body) {
    for (const size of ["38px", "34px"]) {
      body.style.fontSize = size;
      if (body.offsetHeight <= 0.7 * HEIGHT && body.scrollWidth <= WIDTH) return;
    }
    body.style.fontSize = "";
  }

  // Where one is, below each slide; solutions and results behind a click.
  finish(open) {
    for (const page of this.slides.querySelectorAll(".page")) {
      const { closed, where } = page.dataset, body = page.firstChild;
      if (!body.children.length) page.remove();
      if (closed) body.replaceChildren(Object.assign(element("details", "", element("summary", "", closed), ...body.children), { open }));
      if (body.firstChild?.textContent !== where) page.append(element("p", "where", where));
      if (!body.querySelector("pre, img, table")) this.enlarge(body);
    }
    for (const stack of [...this.slides.children]) if (!stack.children.length) stack.remove();
  }
}

async function start() {
  const reveal = document.querySelector(".reveal"), slides = reveal.querySelector(".slides");
  const parts = [...slides.children];
  parts.forEach((part) => part.remove());
  const waiting = element("div", "waiting", ...parts);
  reveal.append(waiting);
  await MathJax.startup.promise;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  for (const lines of waiting.querySelectorAll("pre:not(:has(.line))")) {
    lines.replaceChildren(...lines.textContent.trimEnd().split("\n").map((text) => {
      const line = element("span", "line", `${text}\n`);
      line.style.setProperty("--indent", `${text.search(/\S|$/)}ch`);
      return line;
    }));
  }
  for (const table of waiting.querySelectorAll("table:not(:has(thead))")) { // a table's first row goes with each part
    if ([...table.rows[0].cells].every((cell) => cell.tagName === "TH")) table.createTHead().append(table.rows[0]);
  }
  for (const output of waiting.querySelectorAll("pre.output")) { // printed tables keep their columns
    const longest = Math.max(...[...output.children].map((line) => line.textContent.trimEnd().length));
    if (longest > 92 && longest < 118) output.style.letterSpacing = `${(1100 / longest - 12.1).toFixed(1)}px`;
  }
  for (const formula of waiting.querySelectorAll("mjx-container[display]")) {
    const wide = formula.firstElementChild.getBoundingClientRect().width;
    if (wide > WIDTH) formula.style.fontSize = `${Math.floor((27.5 * WIDTH) / wide)}px`;
  }
  for (const image of waiting.querySelectorAll("img.exercise-picture")) {
    const scale = Math.min(WIDTH / image.naturalWidth, 0.88 * HEIGHT / image.naturalHeight, 1.55); // its text: 13 pixels
    image.style.width = `${scale * image.naturalWidth}px`;
  }
  const cutter = new Cutter(slides);
  reveal.classList.add("cutting");
  parts.forEach((part) => cutter.add(part));
  waiting.remove();
  cutter.finish(reveal.dataset.open === "1");
  reveal.classList.remove("cutting");
  const look = { width: 1280, height: 720, margin: 0, center: false, transition: "none", slideNumber: "c/t", hash: true };
  await Reveal.initialize({ ...look, plugins: [RevealNotes] });
  document.documentElement.dataset.ready = slides.querySelectorAll(".page").length;
}

window.addEventListener("load", start);
