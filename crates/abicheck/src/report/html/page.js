// The page: fills what never changes, listens, and shows the worst finding first.

byId("subject").textContent = data.inputs.join("  ");
byId("figures").textContent = `Python ${data.stats.python} · ${plural(data.stats.packages, "package")} · ${plural(data.stats.files, "native file")} · ${plural(data.stats.orders, "import order")}`;
document.title = `abicheck: ${data.inputs.join(" ")}`;

for (const severity of SEVERITIES) {
  const count = findings.filter((finding) => finding.severity === severity).length;
  byId("severities").append(element("button", {
    type: "button", value: severity, class: severity, hidden: count === 0, "aria-pressed": "false",
    click: () => { state.severities.has(severity) ? state.severities.delete(severity) : state.severities.add(severity); update(); },
  }, plural(count, severity)));
}
// Notes are many, and harmless: they are shown at once only where there is nothing worse.
const counting = findings.filter((finding) => finding.severity !== "note");
state.severities = new Set(counting.length ? ["error", "warning"] : SEVERITIES);

const names = [...new Set(findings.flatMap((finding) => finding.packages))].sort((a, b) => a.localeCompare(b, "en"));
byId("package").append(element("option", { value: "" }, "all"), ...names.map((name) => element("option", { value: name }, name)));

const samples = [["", "", "needs"], ["error", "", "breaks"], ["warning", "", "may break"], ["error", "6 4", "gets another’s library, in one order"]];
for (const [tone, dash, words] of samples) {
  const item = element("li", {});
  const line = draw(item, "svg", { viewBox: "0 0 26 10", "aria-hidden": "true" });
  draw(line, "path", { class: `wire ${tone}`, d: "M1 5H25", style: dash ? `stroke-dasharray: ${dash}` : "" });
  item.append(words);
  byId("legend").append(item);
}

byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", (event) => { state.text = event.target.value; update(); });
byId("package").addEventListener("change", (event) => { state.package = event.target.value; update(); });
byId("all").addEventListener("change", (event) => { state.all = event.target.checked; update(); });
byId("smaller").addEventListener("click", () => zoom(1 / 1.3));
byId("larger").addEventListener("click", () => zoom(1.3));
byId("fit").addEventListener("click", () => fit());

// The mouse: drag moves, the wheel zooms, a click on nothing chooses nothing.
let held = null;
svg.addEventListener("pointerdown", (event) => {
  if (event.button === 0) held = { x: event.clientX, y: event.clientY, moved: false };
});
window.addEventListener("pointermove", (event) => {
  if (!held) return;
  const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
  if (!held.moved && Math.hypot(dx, dy) < 4) return;
  Object.assign(held, { x: event.clientX, y: event.clientY, moved: true });
  svg.classList.add("moving");
  view.x += dx;
  view.y += dy;
  apply();
});
window.addEventListener("pointerup", (event) => {
  if (held && !held.moved && event.target === svg) choose(null);
  // The click that ends a drag chooses nothing.
  if (held && held.moved) window.addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
  if (held && held.moved) setTimeout(() => window.dispatchEvent(new Event("click")), 0);
  svg.classList.remove("moving");
  held = null;
});
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY);
}, { passive: false });

// The keyboard. In the graph one thing at a time is on the way of Tab; arrows go from one to the next.
function focusOn(target) {
  for (const other of svg.querySelectorAll("[tabindex='0']")) other.setAttribute("tabindex", -1);
  target.setAttribute("tabindex", 0);
  target.focus();
}

svg.addEventListener("keydown", (event) => {
  const all = [...svg.querySelectorAll("[role=button]")], at = all.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step && all.length) focusOn(all[(at + step + all.length) % all.length]);
  else if ((event.key === "Enter" || event.key === " ") && at >= 0) all[at].dispatchEvent(new MouseEvent("click"));
  else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
});
byId("list").addEventListener("keydown", (event) => {
  const all = [...byId("list").querySelectorAll("button")], at = all.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = step && all[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
  next.scrollIntoView({ block: "nearest" });
});
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing) { event.preventDefault(); byId("filter").focus(); }
  if (event.key === "Escape") { choose(null); fit(); }
});

let asked = 0;
window.addEventListener("resize", () => { clearTimeout(asked); asked = setTimeout(() => update(), 150); });

state.chosen = counting.length ? { finding: counting[0] } : null;
update();
fit();
