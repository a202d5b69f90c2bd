// The keyboard, active time, and a submission that waits until it could be sent. Without this file all of it works as plain forms.
"use strict";
(() => {
  const WAITING = "driftgauge-waiting";
  const DRAFT = "driftgauge-draft";
  const IDLE_MS = 30000;
  const FIRST_RETRY_MS = 1500;
  const LAST_RETRY_MS = 30000;
  const TYPING = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=submit]):not([type=button])";
  const find = (selector) => document.querySelector(selector);
  const form = () => find("#rating");

  // ---- keys: whatever has data-key can be reached by it
  function act(control) {
    if (control.matches("input[type=radio]")) control.checked = true;
    else if (control.matches("textarea")) control.focus();
    else control.click();
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    const menu = find("details.skip[open]");
    if (event.key === "Escape") {
      if (menu) { menu.open = false; leave(); } else if (event.target.matches(TYPING)) leave();
      return;
    }
    if (event.target.matches(TYPING)) return;
    if (event.key === "Enter" && event.target.matches("button, a, summary")) return;
    const name = event.key.toLowerCase();
    const controls = [...(menu || document).querySelectorAll("[data-key]")];
    const control = controls.find((each) => each.dataset.key.toLowerCase() === name && (menu || !each.closest(".menu")));
    if (!control) return;
    event.preventDefault();
    if (event.repeat) return;
    act(control);
    if (control.matches("summary")) control.nextElementSibling.querySelector("button").focus();
  }

  function leave() {
    const reading = find("#reading");
    if (reading) reading.focus({ preventScroll: true }); else document.activeElement.blur();
  }

  // ---- active time: the page in view, and somebody at it
  let active = 0;
  let seen = performance.now();
  let counted = performance.now();
  function count() {
    const now = performance.now();
    const until = Math.min(now, seen + IDLE_MS);
    if (document.visibilityState === "visible" && until > counted) active += until - counted;
    counted = now;
  }
  function alive() { count(); seen = performance.now(); }
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchstart"])
    addEventListener(kind, alive, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") { counted = performance.now(); seen = counted; } else {
      const now = performance.now();
      const until = Math.min(now, seen + IDLE_MS);
      if (until > counted) active += until - counted;
      counted = now;
    }
  });

  // ---- what is kept of a form: its key, its assignment and its values
  function keep(name, submitter) {
    const values = Object.fromEntries([...new FormData(form())].filter(([field]) => field !== "csrf" && field !== "seen"));
    values.seen = new FormData(form()).getAll("seen");
    if (submitter && submitter.name) values[submitter.name] = submitter.value;
    sessionStorage.setItem(name, JSON.stringify(values));
  }
  function kept(name) { return JSON.parse(sessionStorage.getItem(name) || "null"); }
  function put(values) {
    for (const field of ["harm", "success", "refusal"])
      for (const input of form().querySelectorAll(`input[name=${field}]`)) input.checked = input.value === values[field];
    form().elements.comment.value = values.comment || "";
    for (const input of document.querySelectorAll("input[name=seen]")) if (values.seen.includes(input.value)) input.checked = true;
  }

  // ---- sending, and sending again
  let retry = 0;
  let pause = FIRST_RETRY_MS;
  let submitter = null;
  function say(words) { const status = find("#status"); if (status) status.textContent = words || ""; }
  function missing() {
    const values = new FormData(form());
    if (!values.has("harm")) return form().dataset.missingHarm;
    return values.has("success") ? "" : form().dataset.missingSuccess;
  }
  function onSubmit(event) {
    if (event.target.id !== "rating") return;
    submitter = event.submitter || submitter;
    const isSkip = submitter && submitter.name === "skipped";
    const lacking = isSkip || form().dataset.practice === "skip" ? "" : missing();
    find("#notice").textContent = lacking;
    if (lacking) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (!form().classList.contains("waiting")) {
      count();
      form().elements.active_s.value = (active / 1000).toFixed(1);
    }
    keep(WAITING, submitter);
  }
  function wait() {
    if (!form()) return;
    form().classList.add("waiting");
    for (const part of form().querySelectorAll("fieldset, .comment, .beside")) part.inert = true;
    say(form().dataset.waiting);
    clearTimeout(retry);
    retry = setTimeout(again, pause);
    pause = Math.min(pause * 2, LAST_RETRY_MS);
  }
  function again() {
    clearTimeout(retry);
    if (form() && form().classList.contains("waiting")) form().requestSubmit(submitter && submitter.isConnected ? submitter : undefined);
  }
  addEventListener("online", again);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.pathInfo.requestPath !== "/ratings") return;  // the form itself may be gone from the page by now
    const status = event.detail.xhr.status;
    if (status === 0 || status >= 500) { wait(); return; }
    pause = FIRST_RETRY_MS;
    sessionStorage.removeItem(WAITING);
    if (status < 400) { sessionStorage.removeItem(DRAFT); return; }
    if (!form()) return;
    form().classList.remove("waiting");
    for (const part of form().querySelectorAll("[inert]")) part.inert = false;
    say("");
    keep(DRAFT);
  });

  // ---- a new item on the screen
  function begin() {
    active = 0;
    seen = counted = performance.now();
    submitter = null;
    if (form()) find("#reading").focus({ preventScroll: true });
    tick();
  }
  function resume() {
    const waiting = kept(WAITING);
    const draft = kept(DRAFT);
    if (!form()) return;
    const here = form().elements.assignment.value;
    if (waiting && waiting.assignment === here) {
      put(waiting);
      form().elements.key.value = waiting.key;
      form().elements.active_s.value = waiting.active_s;
      submitter = waiting.skipped ? form().querySelector(`button[value=${waiting.skipped}]`) : null;
      wait();
    } else if (waiting) {
      const sent = new URLSearchParams({ ...waiting, csrf: form().elements.csrf.value });
      sent.delete("seen");
      for (const picture of waiting.seen) sent.append("seen", picture);
      fetch("/ratings", { method: "POST", body: sent, redirect: "manual" }).then((answer) => {
        if (answer.status < 500) sessionStorage.removeItem(WAITING);
      }, () => undefined);
    } else if (draft && draft.assignment === here) put(draft);
  }

  // ---- a break counts down in whole minutes, quietly
  const loaded = new WeakMap();
  function tick() {
    for (const place of document.querySelectorAll("[data-seconds]")) {
      if (!loaded.has(place)) loaded.set(place, performance.now());
      const left = Number(place.dataset.seconds) - (performance.now() - loaded.get(place)) / 1000;
      const minutes = Math.ceil(left / 60);
      place.textContent = left <= 0 ? place.dataset.over : minutes === 1 ? place.dataset.one : place.dataset.many.replace("{}", minutes);
      for (const later of document.querySelectorAll("[data-after]")) later.hidden = left > 0;
    }
  }
  setInterval(tick, 1000);

  // ---- small things
  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(find(copy.dataset.copy).value).then(() => { copy.textContent = copy.dataset.copied; });
    const field = event.target.closest("input.link");
    if (field) field.select();
    if (event.target.closest("[data-forget]")) sessionStorage.clear();
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target.id === "screen" || event.detail.elt.id === "screen") begin(); });
  document.addEventListener("DOMContentLoaded", () => { begin(); resume(); });
})();
