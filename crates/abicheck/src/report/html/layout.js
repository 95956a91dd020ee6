// Where cards stand: users left, what they use right, in columns; parts that have nothing to do with each other side
// by side. The same report always gives the same picture: nothing here is random or depends on time.

const ROW = 22, HEAD = 34, GAP = 30, BETWEEN = 240, LETTER = 7.05, COLUMN = 18;

// Sizes a card for the rows it shows.
function measure(card) {
  const columns = Math.max(1, Math.ceil(card.rows.length / COLUMN));
  const longest = Math.max(card.name.length * 1.12 + card.version.length + 3, ...card.rows.map((row) => row.label.length));
  card.columnWidth = Math.min(330, Math.max(150, longest * LETTER + 34));
  card.columns = columns;
  card.perColumn = Math.ceil(card.rows.length / columns);
  card.width = card.columnWidth * columns;
  card.height = HEAD + card.perColumn * ROW + (card.rows.length ? 8 : 0);
}

// Cards that belong together, by what binds them.
function components(cards, links) {
  const parent = new Map(cards.map((card) => [card.id, card.id]));
  const root = (id) => { while (parent.get(id) !== id) id = parent.get(id); return id; };
  for (const [a, b] of links) if (parent.has(a) && parent.has(b)) parent.set(root(b), root(a));
  const parts = new Map();
  for (const card of cards) {
    const id = root(card.id);
    if (!parts.has(id)) parts.set(id, []);
    parts.get(id).push(card);
  }
  return [...parts.values()];
}

// How far right each card stands: one more than those that use it. Rings are cut where they close.
function ranks(cards, arrows) {
  const next = new Map(cards.map((card) => [card.id, []]));
  for (const [a, b] of arrows) if (a !== b && next.has(a) && next.has(b)) next.get(a).push(b);
  const order = [], state = new Map();
  for (const start of cards) {
    const stack = [[start.id, 0]];
    if (state.has(start.id)) continue;
    state.set(start.id, "open");
    while (stack.length) {
      const top = stack[stack.length - 1], out = next.get(top[0]);
      if (top[1] >= out.length) { state.set(top[0], "done"); order.push(top[0]); stack.pop(); continue; }
      const to = out[top[1]++];
      if (state.get(to) === "open") { out.splice(--top[1], 1); continue; }
      if (!state.has(to)) { state.set(to, "open"); stack.push([to, 0]); }
    }
  }
  const rank = new Map(cards.map((card) => [card.id, 0]));
  for (const id of order.reverse()) for (const to of next.get(id)) rank.set(to, Math.max(rank.get(to), rank.get(id) + 1));
  return rank;
}

// Places the cards of one part from (0, 0) and returns its size.
function arrange(cards, arrows) {
  const rank = ranks(cards, arrows);
  const columns = [];
  for (const card of cards) {
    card.rank = rank.get(card.id);
    (columns[card.rank] ||= []).push(card);
  }
  const column = columns.filter(Boolean);
  const place = () => {
    let x = 0;
    const height = Math.max(...column.map((list) => list.reduce((sum, card) => sum + card.height + GAP, -GAP)));
    for (const list of column) {
      let y = (height - list.reduce((sum, card) => sum + card.height + GAP, -GAP)) / 2;
      const width = Math.max(...list.map((card) => card.width));
      for (const card of list) { card.x = x + (width - card.width) / 2; card.y = y; y += card.height + GAP; }
      x += width + BETWEEN;
    }
    return { width: x - BETWEEN, height };
  };
  let size = place();
  // Neighbours pull each card to their height, so that wires cross less.
  const near = new Map(cards.map((card) => [card.id, []]));
  const byId = new Map(cards.map((card) => [card.id, card]));
  for (const [a, b] of arrows) if (a !== b && byId.has(a) && byId.has(b)) { near.get(a).push(b); near.get(b).push(a); }
  const middle = (card) => card.y + card.height / 2;
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const list of column) {
      const pull = (card) => {
        const all = near.get(card.id).map((id) => middle(byId.get(id)));
        return all.length ? all.reduce((a, b) => a + b) / all.length : middle(card);
      };
      const pulls = new Map(list.map((card) => [card, pull(card)]));
      list.sort((a, b) => pulls.get(a) - pulls.get(b) || a.id - b.id);
    }
    size = place();
  }
  return size;
}

// Places all cards; `arrows` are pairs of card ids, user first; `ties` bind cards without an arrow.
function layout(cards, arrows, ties, aspect) {
  cards.forEach(measure);
  const system = cards.find((card) => card.id === SYSTEM);
  const own = cards.filter((card) => card !== system);
  const parts = components(own, [...arrows, ...ties]).map((list) => ({ list, size: arrange(list, arrows) }));
  // The worst first, then the largest; single cards fill the rest like a shelf.
  const grave = (part) => Math.min(...part.list.map((card) => [...SEVERITIES, ""].indexOf(worst(card.group.findings))));
  parts.sort((a, b) => grave(a) - grave(b) || b.list.length - a.list.length || b.size.height - a.size.height || a.list[0].id - b.list[0].id);
  const area = parts.reduce((sum, part) => sum + (part.size.width + GAP * 2) * (part.size.height + GAP * 2), 0);
  const wide = Math.max(Math.sqrt(area * aspect), ...parts.map((part) => part.size.width), 1);
  let x = 0, y = 0, tall = 0, right = 0;
  for (const { list, size } of parts) {
    if (x > 0 && x + size.width > wide) { x = 0; y += tall + GAP * 2; tall = 0; }
    for (const card of list) { card.x += x; card.y += y; }
    x += size.width + GAP * 2;
    tall = Math.max(tall, size.height);
    right = Math.max(right, x - GAP * 2);
  }
  if (system) {
    system.rank = 1;
    system.x = own.length ? right + BETWEEN : 0;
    system.y = Math.max(0, (y + tall - system.height) / 2);
  }
}
