// What changes while a page is open. Nothing moves that the user did not move: a row that is through stays where it
// is, dimmed, and new ones wait behind a button.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const place = $("#live");
  if (!place || !window.EventSource) return;
  let source = null;
  let here = {};
  let fresh = null;
  let silent = 0;

  const say = (words) => { $("#say").textContent = words; };

  function count(numbers) {
    for (const each of all("[data-count]")) {
      const number = numbers[each.dataset.count];
      if (number !== undefined && each.textContent !== String(number)) each.textContent = number;
    }
  }

  function showPresent() {
    for (const row of all("[data-row]")) {
      const flag = $(".present", row), names = here[row.dataset.ticket] || [];
      if (!flag) continue;
      flag.textContent = names.join(", ");
      flag.hidden = !names.length;
    }
    const ticket = $("[data-present]");
    if (!ticket) return;
    const names = here[ticket.dataset.present] || [];
    ticket.textContent = names.length ? ticket.dataset.words.replace("#", names.join(", ")) : "";
    ticket.hidden = !names.length;
  }

  // The list as it stands now, put into the one that is shown.
  async function rows() {
    const list = $("[data-rows][data-live]");
    if (!list) return;
    const url = new URL(list.dataset.live, location.href);
    url.searchParams.set("part", "1");
    url.searchParams.delete("did");
    let answer;
    try { answer = await fetch(url); } catch { return; }
    if (!answer.ok || answer.redirected) return;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    const now = $("[data-rows]", box.content);
    if (!now || !list.isConnected) return;
    const known = new Map(all("[data-row]", list).map((row) => [row.dataset.row, row]));
    const next = new Map(all("[data-row]", now).map((row) => [row.dataset.row, row]));
    for (const [key, row] of known) {
      const other = next.get(key), open = $(".open", row);
      row.classList.toggle("gone", !other);
      if (!other) {
        if (!$(".through", row)) $(".flags", row).insertAdjacentHTML("afterbegin", '<span class="flag good through"></span>');
        $(".through", row).textContent = list.dataset.gone;
      } else if (open.innerHTML !== $(".open", other).innerHTML) {
        open.innerHTML = $(".open", other).innerHTML;
      }
    }
    // What comes after all that is shown is put there, and moves nothing; what comes between waits to be asked for.
    const order = [...next.keys()];
    const last = order.findLastIndex((key) => known.has(key));
    const between = order.slice(0, last + 1).filter((key) => !known.has(key)).length;
    const behind = order.slice(last + 1);
    const empty = $(".empty");
    if (empty && behind.length) empty.remove();
    fresh = between ? now.cloneNode(true) : null;
    list.append(...behind.map((key) => next.get(key)));
    if (!known.size && document.activeElement === $("#main")) { const first = $(".open", list); if (first) first.focus({ preventScroll: true }); }
    showPresent();
    offer(list, between);
  }

  function offer(list, added) {
    let button = $("#fresh");
    if (!added) { if (button) button.remove(); return; }
    if (!button) {
      button = document.createElement("button");
      button.id = "fresh";
      button.type = "button";
      button.className = "small fresh";
      button.dataset.key = ".";
      button.setAttribute("aria-keyshortcuts", ".");
      button.addEventListener("click", replace);
      document.body.append(button);
    }
    const words = list.dataset.fresh.replace("#", added);
    if (button.textContent !== words) { button.textContent = words; say(words); }
  }

  // Shown because somebody asked for it.
  function replace() {
    const list = $("[data-rows][data-live]");
    if (!list || !fresh) return;
    const held = document.activeElement.closest("[data-row]");
    const marked = new Set(all("input[name=mark]:checked", list).map((each) => each.value));
    list.replaceChildren(...fresh.children);
    fresh = null;
    for (const each of all("input[name=mark]", list)) each.checked = marked.has(each.value);
    const again = (held && $(`[data-row="${CSS.escape(held.dataset.row)}"] .open`, list)) || $(".open", list);
    const button = $("#fresh"), lost = document.activeElement === document.body || document.activeElement === button || document.activeElement === $("#main");
    if (again && (held || lost)) again.focus({ preventScroll: true });
    if (button) button.remove();
    showPresent();
  }

  function listen() {
    if (source) return;
    source = new EventSource(place.dataset.live);
    source.addEventListener("counts", (event) => count(JSON.parse(event.data)));
    source.addEventListener("queue", (event) => { count(JSON.parse(event.data)); rows(); });
    source.addEventListener("present", (event) => { here = JSON.parse(event.data); showPresent(); });
    source.addEventListener("ticket", () => { const moved = $("#moved"); if (moved) moved.hidden = false; });
    source.addEventListener("end", hush);
    const mine = source;
    source.addEventListener("open", () => { clearTimeout(silent); window.desk.reach(true); });
    // A program that begins anew is back sooner than this.
    source.addEventListener("error", () => {
      clearTimeout(silent);
      silent = setTimeout(() => { if (source === mine && mine.readyState !== EventSource.OPEN) window.desk.reach(false); }, 5000);
    });
  }

  function hush() {
    if (source) source.close();
    source = null;
  }

  // A page that nobody sees asks for nothing, and says that nobody looks.
  const look = () => { if (document.visibilityState === "visible") listen(); else hush(); };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", hush);
  addEventListener("pageshow", look);
  look();
})();
