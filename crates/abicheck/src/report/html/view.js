// What is shown: the filters, the list, which cards and rows the graph has, and what is chosen.

const state = { text: "", package: "", severities: new Set(), all: false, open: new Set(), chosen: null };
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// What a mangled name says.
const readable = (name) => (Object.hasOwn(data.readable, name) ? data.readable[name] : name);

// Text whose `names` look like names, and whose mangled names can be read.
function rich(text) {
  return text.split(/`([^`]+)`|(?<![\w$.])(_Z[\w$.]*\w)/).map((part, index) => {
    if (!part) return null;
    return index % 3 ? element("code", { title: part }, readable(part)) : part;
  }).filter((part) => part !== null);
}

const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

function matches(finding) {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  return state.severities.has(finding.severity) && words.every((word) => finding.text.includes(word))
    && (!state.package || finding.packages.includes(state.package));
}

function showList(seen) {
  byId("list").replaceChildren(...seen.map((finding) => element("li", {},
    element("button", {
      type: "button", class: finding.severity, "data-finding": finding.id,
      "aria-current": String(state.chosen !== null && state.chosen.finding === finding),
      click: () => choose({ finding }),
    },
    element("span", { class: "top" },
      element("span", { class: "code" }, `${finding.severity} ${finding.code}`),
      element("span", { class: "who" }, (finding.order || finding.packages).join(finding.order ? " → " : ", "))),
    element("span", { class: "title" }, ...rich(finding.title))))));
  const hidden = findings.length - seen.length;
  const rest = [];
  if (!seen.length && findings.length) rest.push(element("p", {}, "No finding matches."));
  if (hidden) rest.push(element("p", {}, `${plural(hidden, "finding")} not shown. `, element("button", { type: "button", class: "link", click: showEverything }, "Show all")));
  if (data.ignored.length) {
    rest.push(element("details", {}, element("summary", {}, plural(data.ignored.length, "ignored finding")),
      element("ul", {}, ...data.ignored.map((one) => element("li", {}, `${one.finding.code}: ${one.finding.title}`, element("br"), element("em", {}, one.reason))))));
  }
  if (data.notes.length) {
    rest.push(element("details", {}, element("summary", {}, `${plural(data.notes.length, "remark")} about the run`),
      element("ul", {}, ...data.notes.map((note) => element("li", {}, note)))));
  }
  byId("rest").replaceChildren(...rest);
}

function showEverything() {
  Object.assign(state, { text: "", package: "", severities: new Set(SEVERITIES) });
  byId("filter").value = "";
  byId("package").value = "";
  update();
}

// An extension's name without the Python that it is for, which all of them share.
const short = (label) => label.replace(/\.(cpython-[^.]*|abi3)\.so$/, ".so");

// Rows beyond this in the whole picture stay closed until asked for.
const OPEN = 450;

// The cards for what is seen: rows that findings touch, and the others where they are open.
function cardsFor(seen) {
  const touched = new Set(seen.flatMap((finding) => [...finding.touched]));
  const owners = new Set(seen.flatMap((finding) => finding.owners));
  if (state.chosen && state.chosen.node) touched.add(state.chosen.node);
  const few = data.nodes.length <= OPEN;
  const cards = [];
  for (const group of groups.values()) {
    const open = state.open.has(group.id) || (state.all && few);
    const shown = group.files.filter((node) => open || touched.has(node));
    const wanted = state.all || shown.length > 0 || owners.has(group);
    if (!wanted || (state.package && !state.all && !shown.length && !owners.has(group))) continue;
    const rows = shown.map((node) => ({ node, label: short(node.label), full: `${node.kind} ${node.label}` }));
    const more = group.files.length - shown.length;
    if (more > 0) {
      const label = shown.length ? `+ ${more} more` : plural(more, "file");
      rows.push({ node: null, label, full: `Show ${label} of ${group.name}` });
    }
    cards.push({ id: group.id, group, name: group.name, version: group.version, rows });
  }
  return cards;
}

function showGraph(seen) {
  const cards = cardsFor(seen);
  const rows = new Set(cards.flatMap((card) => card.rows).filter((row) => row.node).map((row) => row.node.id));
  const wires = edges.filter((edge) => rows.has(edge.from) && rows.has(edge.to));
  const pairs = wires.map((edge) => [nodes[edge.from].group, nodes[edge.to].group]).filter(([a, b]) => a !== b && a !== SYSTEM && b !== SYSTEM);
  const ties = seen.filter((finding) => finding.severity !== "note").flatMap((finding) => {
    const ids = [...new Set([...finding.owners.map((group) => group.id), ...[...finding.touched].map((node) => node.group)])].filter((id) => id !== SYSTEM);
    return ids.slice(1).map((id) => [ids[0], id]);
  });
  const room = svg.getBoundingClientRect();
  layout(cards, pairs, ties, Math.max(0.6, room.width / Math.max(1, room.height)));
  render(cards, wires, { group: (group) => choose({ group }), node: (node) => choose({ node }), expand });
  const empty = byId("empty");
  empty.hidden = cards.length > 0;
  const clean = !findings.length;
  empty.replaceChildren(...(clean ? [element("b", {}, data.ignored.length ? "Nothing new" : "Nothing clashes"), "Switch on “Everything” to see the packages."] : ["Nothing to draw for these filters."]));
}

function expand(id) {
  state.open.has(id) ? state.open.delete(id) : state.open.add(id);
  update({ keep: true });
  const card = drawn.cards.get(id);
  if (card) focusOn(card.head);
}

// Dims what the choice does not touch, and names how its wires were found.
function highlight() {
  const { chosen } = state;
  const near = new Set(), cards = new Set();
  if (chosen && chosen.finding) {
    chosen.finding.touched.forEach((node) => near.add(node.id));
    chosen.finding.owners.forEach((group) => cards.add(group.id));
  } else if (chosen && chosen.node) {
    near.add(chosen.node.id);
    [...chosen.node.uses, ...chosen.node.users].forEach((edge) => { near.add(edge.from); near.add(edge.to); });
  } else if (chosen) {
    cards.add(chosen.group.id);
    chosen.group.files.forEach((node) => near.add(node.id));
  }
  near.forEach((id) => nodes[id].group !== undefined && cards.add(nodes[id].group));
  for (const [id, { box, head }] of drawn.cards) {
    box.classList.toggle("dim", chosen !== null && !cards.has(id));
    head.classList.toggle("chosen", chosen !== null && chosen.group !== undefined && chosen.group.id === id);
  }
  for (const [id, { g }] of drawn.rows) {
    g.classList.toggle("chosen", chosen !== null && chosen.node !== undefined && chosen.node.id === id);
    g.classList.toggle("dim", chosen !== null && !near.has(id));
  }
  const labels = byId("labels"), named = [];
  for (const { edge, path, at } of drawn.wires) {
    const own = chosen !== null && (chosen.node ? edge.from === chosen.node.id || edge.to === chosen.node.id
      : chosen.group ? nodes[edge.from].group === chosen.group.id || nodes[edge.to].group === chosen.group.id
      : near.has(edge.from) && near.has(edge.to));
    path.classList.toggle("chosen", own);
    path.classList.toggle("dim", chosen !== null && !own);
    if (own && !chosen.group) named.push({ edge, at });
  }
  if (labels) labels.replaceChildren();
  // Once for all wires between two cards that say the same.
  const said = new Set();
  const fresh = ({ edge }) => {
    const key = JSON.stringify([nodes[edge.from].group, nodes[edge.to].group, edge.how]);
    return !said.has(key) && said.add(key);
  };
  for (const { edge, at } of named.filter(fresh).slice(0, 14)) draw(labels, "text", { class: "how", x: at.x, y: at.y - 5, "text-anchor": at.anchor || "middle" }, edge.how);
  for (const button of byId("list").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(chosen !== null && chosen.finding !== undefined && chosen.finding.id === Number(button.dataset.finding)));
  }
  return cards;
}

// Chooses a finding, a file or a package; null chooses nothing.
function choose(what) {
  state.chosen = what;
  const missing = what && what.node && !drawn.rows.has(what.node.id);
  const hidden = what && what.finding && [...what.finding.touched].some((node) => !drawn.rows.has(node.id));
  if (missing || hidden) return update();
  const cards = highlight();
  if (what && what.finding && cards.size) fit(cards);
  showDetail();
}

// Shows everything anew after a filter has changed.
function update({ keep = false } = {}) {
  const seen = findings.filter(matches);
  if (state.chosen && state.chosen.finding && !seen.includes(state.chosen.finding)) state.chosen = null;
  for (const button of byId("severities").children) button.setAttribute("aria-pressed", String(state.severities.has(button.value)));
  showList(seen);
  showGraph(seen);
  const cards = highlight();
  if (!keep) fit(state.chosen && cards.size ? cards : undefined);
  showDetail();
}
