// The panel on the right: all that is known of what is chosen.

function jump(node) {
  return element("button", { type: "button", class: "link mono", click: () => choose({ node }) }, below(node.path || node.label));
}

function findingLinks(list) {
  if (!list.length) return [];
  return [element("h3", {}, "Findings"), element("ul", { class: "lines" }, ...list.map((finding) => element("li", { class: finding.severity },
    element("span", { class: "badge" }, `${finding.severity} ${finding.code}`),
    element("button", { type: "button", class: "link", click: () => { state.severities.add(finding.severity); choose({ finding }); update(); } }, ...rich(finding.title)))))];
}

function callout(label, text, tone) {
  return text ? element("div", { class: `callout ${tone}` }, element("b", {}, label), ...rich(text)) : null;
}

const TONES = { confirmed: "error", "not-reproduced": "good", "broke-otherwise": "warning" };
const WORDS = { confirmed: "Verified: confirmed", "not-reproduced": "Verified: not reproduced", "broke-otherwise": "Verified: broke otherwise" };

function ignoreEntry(finding) {
  const quoted = finding.packages.map((name) => JSON.stringify(name)).join(", ");
  return `[[tool.abicheck.ignore]]\nrule = ${JSON.stringify(finding.code)}\npackages = [${quoted}]\nreason = "..."`;
}

function findingDetail(finding) {
  const rule = data.rules[finding.code];
  const order = finding.order && finding.order.length > 1;
  const steps = order ? finding.order.flatMap((name, index) => [index ? element("span", { class: "quiet" }, "then") : null, element("b", {}, name)]) : [];
  const line = (one) => {
    const node = nodeAt(one.path);
    const path = node ? jump(node) : one.path === null ? null : element("span", { class: "mono" }, below(one.path));
    return element("li", {}, path, element("span", { class: one.path === null ? "" : "text" }, ...rich(one.text)));
  };
  const symbol = (one) => element("li", {}, element("span", { class: "mono" }, [one.name, one.version].filter(Boolean).join("@")),
    one.name && readable(one.name) !== one.name ? element("span", { class: "text" }, readable(one.name)) : null);
  const told = new Set(finding.evidence.map((one) => one.path));
  // What the message says beyond the title.
  const more = finding.message.startsWith(finding.title) ? finding.message.slice(finding.title.length).replace(/^[\s;:.,]+/, "") : finding.message;
  const others = finding.libraries.filter((path) => !told.has(path));
  return [
    element("span", { class: `badge ${finding.severity}` }, `${finding.severity} ${finding.code}`),
    rule ? element("span", { class: "quiet" }, rule.name) : null,
    element("h2", {}, ...rich(finding.title)),
    order ? element("div", { class: "order" }, element("span", { class: "quiet" }, "import"), ...steps) : null,
    more ? element("p", {}, ...rich(more)) : null,
    finding.evidence.length ? element("h3", {}, "Evidence") : null,
    element("ul", { class: "lines evidence" }, ...finding.evidence.map(line)),
    others.length ? element("h3", {}, "Files") : null,
    element("ul", { class: "lines" }, ...others.map((path) => line({ path, text: "" }))),
    finding.symbols.length ? element("h3", {}, plural(finding.symbols.length, "symbol")) : null,
    element("ul", { class: "lines" }, ...finding.symbols.map(symbol)),
    callout("What to do", finding.hint, ""),
    finding.verified ? callout(WORDS[finding.verified.outcome], finding.verified.detail || " ", TONES[finding.verified.outcome]) : null,
    rule ? element("details", {}, element("summary", {}, `About ${finding.code}: ${rule.summary}`), element("pre", {}, rule.page)) : null,
    element("details", {}, element("summary", {}, "Accept it, in pyproject.toml"), element("pre", {}, ignoreEntry(finding))),
  ];
}

function wireList(title, list, other) {
  if (!list.length) return [];
  const line = (edge) => {
    const end = nodes[other(edge)];
    const whose = end.kind === "package" ? end.label : end.group === SYSTEM ? "system" : groups.get(end.group).name;
    const when = edge.because === null ? "" : `, once ${nodes[edge.because].label} is imported first`;
    const name = end.kind === "package" ? element("button", { type: "button", class: "link", click: () => choose({ group: groups.get(end.id) }) }, end.label) : jump(end);
    return element("li", {}, name, element("span", { class: "text" }, [whose, edge.how].filter(Boolean).join(", ") + when));
  };
  return [element("h3", {}, title), element("ul", { class: "lines" }, ...list.map(line))];
}

const KINDS = { extension: "Extension module", library: "Shared library", system: "Library of the system or the interpreter" };

function nodeDetail(node) {
  const group = groups.get(node.group);
  const owner = group.id === SYSTEM ? null : element("button", { type: "button", class: "link", click: () => choose({ group }) }, `${group.name} ${group.version}`);
  return [
    element("p", { class: "quiet" }, KINDS[node.kind], owner ? " of " : "", owner),
    element("h2", { class: "mono" }, node.label),
    element("p", { class: "mono quiet" }, node.path || ""),
    node.detail ? element("p", {}, "SONAME ", element("span", { class: "mono" }, node.detail)) : element("p", { class: "quiet" }, "No SONAME"),
    ...findingLinks(node.findings),
    ...wireList("Needed by", node.users, (edge) => edge.from),
    ...wireList("Loads, and how each was found", node.uses, (edge) => edge.to),
  ];
}

function groupDetail(group) {
  return [
    element("p", { class: "quiet" }, group.id === SYSTEM ? "What no package brings" : "Package"),
    element("h2", {}, `${group.name} ${group.version}`.trim()),
    element("p", { class: "quiet" }, plural(group.files.length, "native file")),
    ...findingLinks(group.findings),
    element("h3", {}, "Files"),
    element("ul", { class: "lines" }, ...group.files.map((node) => element("li", {}, jump(node)))),
  ];
}

function overview() {
  const counts = SEVERITIES.map((severity) => [severity, findings.filter((one) => one.severity === severity).length]).filter(([, count]) => count);
  const { stats } = data;
  const nothing = data.ignored.length ? "Nothing new" : "Nothing clashes";
  return [
    element("h2", {}, counts.length ? counts.map(([severity, count]) => plural(count, severity)).join(", ") : nothing),
    element("p", { class: "quiet" }, counts.length ? "Choose a finding on the left, or a package or a library in the graph." : data.ignored.length ? `${plural(data.ignored.length, "finding")} ${data.ignored.length === 1 ? "is" : "are"} ignored, by the configuration or the baseline.` : "No order of imports was found that breaks anything."),
    element("h3", {}, "What was looked at"),
    element("ul", { class: "lines" },
      ...[[stats.packages, "package with extension modules", "packages with extension modules"], [stats.files, "native file"], [stats.loaded, "file loaded", "files loaded, the system's included"],
        [stats.pairs, "pair of packages", "pairs of packages"], [stats.interacting, "pair whose order could matter", "pairs whose order could matter"], [stats.orders, "import order simulated", "import orders simulated"], [stats.bindings, "symbol bound", "symbols bound"]]
        .map(([number, one, many]) => element("li", {}, `${number.toLocaleString("en")} ${number === 1 ? one : many || `${one}s`}`))),
  ];
}

function showDetail() {
  const { chosen } = state;
  const parts = !chosen ? overview() : chosen.finding ? findingDetail(chosen.finding) : chosen.node ? nodeDetail(chosen.node) : groupDetail(chosen.group);
  byId("detail").replaceChildren(...parts.filter((part) => part !== null && !(part.tagName === "UL" && !part.children.length)));
  byId("detail").scrollTop = 0;
}
