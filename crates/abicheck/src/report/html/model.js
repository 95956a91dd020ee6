// What the report says: nodes, who owns them, and what each finding touches.
// Nothing here knows the page.

const data = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = ["error", "warning", "note"];
const SYSTEM = -1;
const nodes = data.nodes.map((node, id) => ({ ...node, id, uses: [], users: [], findings: [] }));
const edges = data.edges.map(([from, to, how, because], id) => ({ id, from, to, how, because, finding: null }));
const groups = new Map();
const places = new Map();

for (const edge of edges) {
  nodes[edge.from].uses.push(edge);
  nodes[edge.to].users.push(edge);
}

// A group is a card of the graph: a package with its files, or what is no package's.
for (const node of nodes) {
  if (node.kind === "package") {
    groups.set(node.id, { id: node.id, name: node.label, version: node.detail, files: [], findings: [] });
  }
}
for (const node of nodes) {
  if (node.kind === "package") continue;
  const id = node.package === null ? SYSTEM : node.package;
  if (!groups.has(id)) groups.set(id, { id, name: "system", version: "", files: [], findings: [] });
  node.group = id;
  groups.get(id).files.push(node);
  if (node.path !== null) places.set(node.path, node);
}

// A path without the folder that packages are in, and without detours.
function below(path) {
  const base = data.base === null ? null : data.base + "/";
  const rest = base !== null && path.startsWith(base) ? path.slice(base.length) : path;
  const parts = [];
  for (const part of rest.split("/")) {
    if (part === ".." && parts.length && parts[parts.length - 1] !== ".." && parts[parts.length - 1] !== "") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function nodeAt(path) {
  if (path === null) return undefined;
  return places.get(path) || (data.base === null ? undefined : places.get(data.base + "/" + path));
}

const bare = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");
const packagesByName = new Map([...groups.values()].filter((g) => g.id !== SYSTEM).map((g) => [bare(g.name), g]));

// Files whose users are not named by a finding are shown with this many of them.
const USERS = 4;

const findings = data.findings.map((finding, id) => {
  const touched = new Set();
  const paths = [...finding.libraries, ...finding.evidence.map((line) => line.path)];
  for (const node of paths.map(nodeAt)) if (node) touched.add(node);
  const owners = finding.packages.map((name) => packagesByName.get(bare(name))).filter(Boolean);
  const ours = new Set(owners.map((group) => group.id));
  for (const node of [...touched]) {
    const users = node.users.map((edge) => nodes[edge.from]).filter((user) => user.kind !== "package");
    const near = users.filter((user) => ours.has(user.group) && !touched.has(user));
    if (!users.some((user) => touched.has(user))) near.slice(0, USERS).forEach((user) => touched.add(user));
  }
  const text = [finding.code, (data.rules[finding.code] || {}).name, finding.title, finding.message,
    ...finding.packages, ...finding.libraries, ...finding.symbols.flatMap((s) => [s.name, s.version]),
    ...finding.evidence.map((line) => line.text)].filter(Boolean).join("\n").toLowerCase();
  return { ...finding, id, touched, owners, text };
});

for (const finding of findings) {
  for (const node of finding.touched) {
    node.findings.push(finding);
    const group = groups.get(node.group);
    if (!group.findings.includes(finding)) group.findings.push(finding);
  }
  for (const group of finding.owners) if (!group.findings.includes(finding)) group.findings.push(finding);
}
// Findings come the worst first, so the first that has both ends is the one whose colour a wire gets.
for (const edge of edges) {
  const both = nodes[edge.from].findings.filter((finding) => finding.touched.has(nodes[edge.to]));
  // Where an order breaks, only what that order changes is to blame.
  edge.finding = both.find((finding) => edge.because !== null || (finding.severity !== "note" && finding.order === null)) || null;
}

const worst = (list) => SEVERITIES.find((severity) => list.some((finding) => finding.severity === severity)) || "";
