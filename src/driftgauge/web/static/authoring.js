// What an author types is kept in this tab until it is saved, and put back after a reload, a login or a lost connection.
// Without this file the forms work the same; only a page that is left takes what was typed with it.
"use strict";
(() => {
  const PREFIX = "driftgauge-scenario-";
  const form = document.querySelector("#draft");
  const saved = document.querySelector("[data-saved]");
  if (saved) for (const name of ["new", saved.dataset.saved]) sessionStorage.removeItem(PREFIX + name);
  if (!form) return;
  const place = PREFIX + (form.elements.draft.value || "new");
  const fields = [...form.querySelectorAll("textarea, input[list]")];
  const values = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const keep = () => sessionStorage.setItem(place, JSON.stringify({ since: form.elements.since.value, values: values() }));
  const kept = JSON.parse(sessionStorage.getItem(place) || "null");
  if ("typed" in form.dataset) keep();
  else if (kept && JSON.stringify(kept.values) !== JSON.stringify(values())) {
    for (const field of fields) field.value = kept.values[field.name] || "";
    form.elements.since.value = kept.since;
    document.querySelector("#restored").hidden = false;
  }
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(keep, 200); });
  addEventListener("pagehide", () => { if (waiting) keep(); });
  form.addEventListener("submit", keep);
})();
