// What the page gains where scripts run.
// It says nothing that the page does not say without it; names are set as text, never as markup.
const page = document;
const told = JSON.parse(page.getElementById("explore-data").textContent);
const rows = told.rows.map((row) => {
  const release = told.releases[row.release];
  return { modality: null, language: null, category: null, ...row, release, said: `${release}: ${row.said}` };
});

// A line beside the pointer (or the chosen mark) of a picture: what the mark is.
const tip = page.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("role", "status");
page.body.append(tip);

function show(mark) {
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const at = mark.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
  const above = at.top - tip.offsetHeight - 8;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above > 0 ? above : at.bottom + 8) + scrollY}px`;
}

function hide() {
  tip.hidden = true;
}

page.addEventListener("pointerover", (event) => {
  const mark = event.target.closest("svg [data-tip]");
  if (mark) show(mark);
  else hide();
});
page.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});

// By keyboard a picture is one stop; arrows go from mark to mark.
for (const picture of page.querySelectorAll("svg[role=img]")) {
  const marks = [...picture.querySelectorAll("[data-tip]")];
  if (!marks.length) continue;
  let place = -1;
  picture.setAttribute("tabindex", "0");
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    place = (place + step + marks.length) % marks.length;
    show(marks[place]);
  });
  picture.addEventListener("blur", hide);
}

// The figure with filters.
const place = page.getElementById("explore-figure");
if (place && rows.length) unpack().then(() => explore(place));

// Vega stands in the page packed. What comes out runs if the page's policy has its hash.
async function unpack() {
  const packed = Uint8Array.from(atob(page.getElementById("explore-vega").textContent), (each) => each.charCodeAt(0));
  const script = page.createElement("script");
  script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  page.body.append(script);
  script.remove();
}

function explore(figure) {
  const chosen = {};
  const controls = page.createElement("form");
  controls.className = "controls";
  const filters = { quantity: "Quantity", modality: "Modality", language: "Language", category: "Harm category" };
  for (const [name, label] of Object.entries(filters)) {
    const values = [...new Set(rows.map((row) => row[name]))].filter((value) => value !== null);
    if (!values.length) continue;
    const box = page.createElement("label");
    const select = page.createElement("select");
    select.name = name;
    if (name !== "quantity") select.append(new Option("all together", ""));
    for (const value of values) select.append(new Option(value.replaceAll("_", " "), value));
    box.append(label, select);
    controls.append(box);
    chosen[name] = name === "quantity" ? values[0] : null;
    select.addEventListener("change", () => {
      chosen[name] = select.value || null;
      if (name !== "quantity" && select.value)
        for (const other of controls.querySelectorAll("select"))
          if (other !== select && other.name !== "quantity") {
            other.value = "";
            chosen[other.name] = null;
          }
      draw();
    });
  }
  const chart = page.createElement("div");
  const note = page.createElement("p");
  note.className = "population";
  note.setAttribute("role", "status");
  figure.append(controls, chart, note);
  figure.hidden = false;

  const seen = () => rows.filter((row) => Object.keys(filters).every((name) => row[name] === (chosen[name] ?? null)));
  const colour = (role) => getComputedStyle(page.documentElement).getPropertyValue(`--${role}`).trim();
  const painted = () => seen().map((row) => ({ ...row, paint: colour(row.paint) }));

  async function draw() {
    const values = painted();
    note.textContent = values.length
      ? `${values.length} releases; intervals as in the report. Filters of two kinds at once are not estimated.`
      : "No estimate for this choice.";
    const ink = { labelColor: colour("muted"), titleColor: colour("muted"), gridColor: colour("grid"), domain: false, ticks: false };
    const spec = { ...told.spec, data: { values }, width: Math.max(160, Math.min(560, figure.clientWidth - 190)) };
    spec.config = { background: "transparent", view: { stroke: null }, axis: ink, font: "sans-serif" };
    await vegaEmbed(chart, spec, { actions: false, renderer: "svg", ast: true, tooltip: { theme: "custom" }, hover: false });
  }
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
