// The drawing: cards with rows, wires between them, and moving about in it.

const svg = document.getElementById("graph");
const NS = "http://www.w3.org/2000/svg";
const view = { x: 0, y: 0, scale: 1, width: 0, height: 0 };
let drawn = { cards: new Map(), rows: new Map(), wires: [] };

function draw(parent, name, attributes = {}, text) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function cut(text, width) {
  const most = Math.max(4, Math.floor(width / LETTER));
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) * 0.45);
  return text.slice(0, most - 1 - end) + "…" + text.slice(text.length - end);
}

function drawCard(parent, card, act) {
  const tone = worst(card.group.findings.filter((finding) => finding.severity !== "note"));
  const box = draw(parent, "g", { class: `card ${tone}`, transform: `translate(${card.x} ${card.y})`, "data-package": card.name });
  draw(box, "rect", { class: "box", width: card.width, height: card.height, rx: 9 });
  const what = card.id === SYSTEM ? "System and interpreter" : `Package ${card.name} ${card.version}`;
  const head = draw(box, "g", { class: "head", role: "button", tabindex: -1, "aria-label": what });
  draw(head, "rect", { x: 1, y: 1, width: card.width - 2, height: HEAD - 4, rx: 8, fill: "transparent" });
  const space = card.width - 28 - card.version.length * 6.6 - 8;
  draw(head, "text", { class: "name", x: 14, y: 22 }, cut(card.name, space));
  draw(head, "text", { class: "version", x: card.width - 14, y: 22, "text-anchor": "end" }, card.version);
  head.addEventListener("click", () => act.group(card.group));
  drawn.cards.set(card.id, { card, box, head });
  card.rows.forEach((row, index) => {
    const column = Math.floor(index / card.perColumn), line = index % card.perColumn;
    const x = column * card.columnWidth, y = HEAD + line * ROW;
    const tone = row.node ? worst(row.node.findings) : "more";
    const g = draw(box, "g", { class: `row ${tone}`, role: "button", tabindex: -1, "aria-label": row.full });
    draw(g, "rect", { x: x + 4, y, width: card.columnWidth - 8, height: ROW, rx: 5 });
    if (row.node) {
      const round = row.node.kind === "extension" ? 1 : 4;
      draw(g, "rect", { class: "mark", x: x + 12, y: y + 7, width: 8, height: 8, rx: round });
      draw(g, "title", {}, row.node.path || row.full);
    }
    draw(g, "text", { x: x + (row.node ? 27 : 14), y: y + 15 }, cut(row.label, card.columnWidth - 33));
    g.addEventListener("click", () => (row.node ? act.node(row.node) : act.expand(card.id)));
    if (row.node) drawn.rows.set(row.node.id, { card, g, x: card.x + x, y: card.y + y + ROW / 2, width: card.columnWidth });
  });
}

// A curve from the side of one row to the near side of another.
function curve(from, to) {
  const right = from.x + from.width - 4, left = to.x + 4;
  if (from.card === to.card && from.x === to.x) {
    // Outside, where no wire of another card arrives.
    const out = from.card.rank === 0 ? -1 : 1, edge = out < 0 ? from.x + 4 : right;
    const bulge = edge + out * (26 + Math.min(40, Math.abs(to.y - from.y) / 5));
    return { d: `M${edge} ${from.y}C${bulge} ${from.y} ${bulge} ${to.y} ${edge} ${to.y}`, x: bulge + out * 2, y: (from.y + to.y) / 2 + 8, anchor: out < 0 ? "end" : "start" };
  }
  const forward = left >= right;
  const a = forward ? right : from.x + 4, b = forward ? left : to.x + to.width - 4;
  const apart = Math.abs(to.x - from.x) < 60;
  const bend = Math.max(50, Math.abs(b - a) / 2) * (forward ? 1 : -1);
  if (apart) {
    const side = Math.max(right, to.x + to.width - 4) + 60;
    return { d: `M${right} ${from.y}C${side} ${from.y} ${side} ${to.y} ${to.x + to.width - 4} ${to.y}`, x: side - 15, y: (from.y + to.y) / 2 };
  }
  return { d: `M${a} ${from.y}C${a + bend} ${from.y} ${b - bend} ${to.y} ${b} ${to.y}`, x: (a + b) / 2, y: (from.y + to.y) / 2 };
}

function drawWire(parent, edge) {
  const from = drawn.rows.get(edge.from), to = drawn.rows.get(edge.to);
  const line = curve(from, to);
  const tone = edge.finding ? edge.finding.severity : "";
  const path = draw(parent, "path", { class: `wire ${tone} ${edge.because === null ? "" : "taken"}`, d: line.d, "marker-end": `url(#tip-${tone || "plain"})` });
  draw(path, "title", {}, `${nodes[edge.from].label} → ${nodes[edge.to].label}: ${edge.how}`);
  drawn.wires.push({ edge, path, at: line });
}

// Draws cards and wires anew.
function render(cards, wires, act) {
  svg.replaceChildren();
  drawn = { cards: new Map(), rows: new Map(), wires: [] };
  const defs = draw(svg, "defs");
  for (const tone of ["plain", ...SEVERITIES]) {
    const tip = draw(defs, "marker", { id: `tip-${tone}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
    draw(tip, "path", { d: "M0 .8L8 4L0 7.2z", style: `fill: var(--${tone === "plain" ? "wire" : tone})` });
  }
  const world = draw(svg, "g", { id: "world" });
  const under = draw(world, "g"), over = draw(world, "g");
  for (const card of cards) drawCard(under, card, act);
  for (const edge of wires) if (drawn.rows.has(edge.from) && drawn.rows.has(edge.to)) drawWire(over, edge);
  draw(world, "g", { id: "labels" });
  const first = svg.querySelector("[role=button]");
  if (first) first.setAttribute("tabindex", 0);
  apply();
}

function apply() {
  const world = document.getElementById("world");
  if (world) world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
}

// Shows these cards, or all, as large as they fit.
function fit(ids) {
  const all = [...drawn.cards.values()].map((one) => one.card);
  const wanted = ids ? all.filter((card) => ids.has(card.id)) : all;
  const room = svg.getBoundingClientRect();
  if (!wanted.length || !room.width) return;
  const left = Math.min(...wanted.map((card) => card.x)), top = Math.min(...wanted.map((card) => card.y));
  const right = Math.max(...wanted.map((card) => card.x + card.width)), bottom = Math.max(...wanted.map((card) => card.y + card.height));
  // Beside the cards there are loops with words.
  const beside = Math.min(110, room.width / 8), above = 40;
  view.scale = Math.min(1.25, (room.width - beside * 2) / (right - left), (room.height - above * 2) / (bottom - top));
  view.scale = Math.max(view.scale, 0.04);
  view.x = (room.width - (left + right) * view.scale) / 2;
  view.y = (room.height - (top + bottom) * view.scale) / 2;
  apply();
}

function zoom(factor, x, y) {
  const room = svg.getBoundingClientRect();
  const cx = x === undefined ? room.width / 2 : x - room.left, cy = y === undefined ? room.height / 2 : y - room.top;
  const scale = Math.min(4, Math.max(0.04, view.scale * factor));
  view.x = cx - (cx - view.x) * (scale / view.scale);
  view.y = cy - (cy - view.y) * (scale / view.scale);
  view.scale = scale;
  apply();
}
