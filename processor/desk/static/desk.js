// Keys, and nothing that the pages could not do without: every one presses what stands on the page.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const rows = () => all("[data-rows] .open").filter((row) => row.offsetParent !== null);
  const POSITION = "desk position";
  let pending = "";
  let timer = 0;

  const typing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";

  function move(by) {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1);
    list[next].focus();
    list[next].scrollIntoView({ block: "nearest" });
    remember(next);
  }

  // Which row was left, and which ticket was open last, so that coming back finds it.
  const listed = (url) => url.pathname === "/queue" ? "/queue " + (url.searchParams.get("view") || "all") : url.pathname + url.search;
  const ticketOf = (row) => row ? row.pathname.replace(/^\/ticket\//, "") : "";

  function remember(at) {
    keep({ place: listed(new URL(location.href)), at, ticket: ticketOf(rows()[at]) });
  }

  function keep(position) {
    try { sessionStorage.setItem(POSITION, JSON.stringify(position)); } catch { /* not allowed */ }
  }

  function position() {
    try { return JSON.parse(sessionStorage.getItem(POSITION)) || {}; } catch { return {}; }
  }

  function remembered() {
    const { place, at, ticket } = position();
    if (place !== listed(new URL(location.href))) return 0;
    const list = rows();
    if (ticketOf(list[at]) === ticket) return at;
    const found = list.findIndex((row) => ticketOf(row) === ticket);
    return found < 0 ? Math.min(at, list.length - 1) : found;
  }

  const opened = $(".ticket[data-ticket]");
  const before = position();
  if (opened && $(".back") && before.ticket !== opened.dataset.ticket) {
    keep({ place: listed(new URL($(".back").href)), at: before.at || 0, ticket: opened.dataset.ticket });
  }

  function press(key) {
    const target = all(`[data-key="${key}"]`).find((each) => !each.closest("[hidden]"));
    if (!target) return false;
    if (target.tagName === "DETAILS") {
      target.open = true;
      const field = $("textarea[data-first]", target) || $("textarea, select, input:not([type=hidden])", target);
      if (field) { field.focus(); if (field.select && field.tagName !== "TEXTAREA") field.select(); }
    } else if (target.tagName === "TEXTAREA") {
      target.focus();
    } else {
      target.focus();
      target.click();
    }
    return true;
  }

  function mark() {
    const row = document.activeElement.closest(".row");
    const box = row && $("input[name=mark]", row);
    if (!box) return;
    box.checked = !box.checked;
    marked();
  }

  function marked() {
    const button = $("[data-marked]");
    const count = all("input[name=mark]:checked").length;
    if (button) button.hidden = !count;
    const told = $("[data-how-many]");
    if (told) told.textContent = told.dataset.howMany.replace("#", count);
  }

  function back() {
    const link = $(".back");
    if (link) link.click();
  }

  // On a row: opens the ticket with this form open, and presses nothing that cannot be taken back.
  const FORMS = /^[ersmf]$/;

  const GO = { q: "/queue", h: "/queue?view=urgent", m: "/queue?view=mine", o: "/queue?view=terminations", v: "/queue?view=review", k: "/queue?view=codes", i: "/queue?view=unsent", u: "/queue?view=snoozed", s: "/insight" };
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    x: mark,
    u: back,
    "/": () => { const q = $("#q"); if (q) { q.focus(); q.select(); } },
    "?": () => { const dialog = $("#keys"); if (dialog && !dialog.open) dialog.showModal(); },
    g: () => { pending = "g"; clearTimeout(timer); timer = setTimeout(() => { pending = ""; }, 1500); },
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.tagName === "TEXTAREA" && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      const main = $("#main");
      if (main) main.focus({ preventScroll: true });
      return;
    }
    if (typing(event.target) || $("dialog[open]")) return;
    if (pending === "g") {
      pending = "";
      if (GO[event.key]) { event.preventDefault(); location.assign(GO[event.key]); }
      return;
    }
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); return; }
    if (/^[a-z.]$/.test(event.key) && !event.repeat) {
      if (event.key === "a" && rows().includes(document.activeElement)) { event.preventDefault(); document.activeElement.click(); return; }
      if (FORMS.test(event.key) && rows().includes(document.activeElement)) {
        event.preventDefault();
        remember(rows().indexOf(document.activeElement));
        const url = new URL(document.activeElement.href);
        url.searchParams.set("press", event.key);
        location.assign(url);
        return;
      }
      if (press(event.key)) event.preventDefault();
    }
  });

  // A form goes once: a second press while the first is on its way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (!reached && !form.dataset.reached) { event.preventDefault(); attempt(form, event.submitter); return; }
    delete form.dataset.reached;
    form.dataset.sent = "1";
  });

  // Where the program does not answer, a form is not sent into nothing: what was typed stays, and it is said.
  let reached = navigator.onLine;
  function reach(well) {
    reached = well;
    const lost = $("#lost");
    if (lost) lost.hidden = well;
  }
  async function attempt(form, submitter) {
    try { await fetch("/static/icon.svg", { cache: "no-store" }); } catch { reach(false); return; }
    reach(true);
    form.dataset.reached = "1";
    form.requestSubmit(submitter);
  }
  addEventListener("offline", () => reach(false));
  addEventListener("online", () => reach(true));
  // Coming back by the back button, forms may be sent again; the store tells who was first.
  addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });
  document.addEventListener("change", (event) => { if (event.target.name === "mark") marked(); });
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".row .open");
    if (row) remember(rows().indexOf(row));
  });

  // What was done can be taken back for as long as the button stands there.
  const undo = $("form.undo");
  if (undo) setTimeout(() => { if (undo.dataset.sent) return; if (undo.contains(document.activeElement)) $("#main").focus({ preventScroll: true }); undo.remove(); }, undo.dataset.seconds * 1000);

  // As one types in the search: the page gives way to what is found, and comes back when the words are gone.
  const here = location.pathname + location.search;
  document.addEventListener("htmx:afterSwap", (event) => {
    const found = $("#found"), q = $("#q");
    if (event.target !== found) return;
    const words = q.value.trim();
    const leave = !words && !here.startsWith("/search");
    found.hidden = leave;
    $("#content").hidden = !leave;
    history.replaceState(null, "", leave ? here : "/search?q=" + encodeURIComponent(words));
    $("#say").textContent = leave ? "" : $("#say").dataset.found.replace("#", rows().length);
  });
  // A letter that a person has changed stays as it is when the day beside it changes; the program compares the two.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const text = event.target.id === "letter" && $("#letter-text");
    if (text && text.value !== text.defaultValue) event.detail.shouldSwap = false;
  });
  // A fault of the connection is said, and what was typed stays where it is.
  document.addEventListener("htmx:sendError", () => { $("#say").textContent = $("#say").dataset.lost; reach(false); });

  window.desk = { press, reach };
  const wanted = new URLSearchParams(location.search).get("press") || "";
  if (FORMS.test(wanted) && !$("[role=alert]:not([hidden])") && press(wanted)) return;

  // Where one begins: the first row, the main button's column, or what was refused.
  const start = $("[role=alert]:not([hidden])") ? null : $("[autofocus]") || rows()[remembered()] || rows()[0];
  if (start && document.activeElement === document.body) start.focus({ preventScroll: true });
  else if (document.activeElement === document.body && $("#main")) $("#main").focus({ preventScroll: true });
})();
