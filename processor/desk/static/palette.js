// Ctrl+K: everything that can be done from here, by its words. What it offers stands on the page or in its menu;
// what is typed beyond that is looked for.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const dialog = $("#palette");
  if (!dialog) return;
  const input = $("input", dialog), list = $("ul", dialog);
  let shown = [];
  let at = 0;

  // The words of a button or a fold, without the key beside them.
  function words(each) {
    if (each.dataset.words && each.dataset.key) return each.dataset.words;
    const said = each.tagName === "DETAILS" ? $("summary", each) : /^(TEXTAREA|SELECT|INPUT)$/.test(each.tagName) ? $(`label[for="${each.id}"]`) : each;
    const copy = said.cloneNode(true);
    all("kbd", copy).forEach((key) => key.remove());
    return copy.textContent.trim().replace(/\s+/g, " ");
  }

  function commands() {
    const here = all("[data-key]").filter((each) => !each.closest("[hidden], dialog"))
      .map((each) => ({ words: words(each), keys: each.dataset.key, run: () => window.desk.press(each.dataset.key) }));
    const ways = all("#ways li").map((each) => ({ words: each.textContent, keys: each.dataset.keys, run: () => location.assign(each.dataset.go) }));
    return [...here, ...ways];
  }

  function look() {
    const asked = input.value.trim().toLowerCase();
    const parts = asked.split(/\s+/);
    shown = commands().filter((each) => parts.every((part) => each.words.toLowerCase().includes(part)));
    if (asked) {
      const what = input.value.trim();
      if (/^[a-z]{1,10}-[a-z0-9]{4}-[a-z0-9]{4}$/.test(asked)) shown.unshift({ words: dialog.dataset.open.replace("#", what.toUpperCase()), keys: "", run: () => location.assign("/ticket/" + what.toUpperCase()) });
      shown.push({ words: dialog.dataset.search.replace("#", what), keys: "", run: () => location.assign("/search?q=" + encodeURIComponent(what)) });
    }
    at = 0;
    draw();
  }

  function draw() {
    list.replaceChildren(...shown.map((each, number) => {
      const row = document.createElement("li");
      row.id = "palette-" + number;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(number === at));
      const said = document.createElement("span");
      said.textContent = each.words;
      row.append(said);
      for (const key of each.keys.split(" ").filter(Boolean)) {
        const box = document.createElement("kbd");
        box.textContent = key;
        row.append(" ", box);
      }
      row.addEventListener("click", () => run(number));
      return row;
    }));
    input.setAttribute("aria-activedescendant", shown.length ? "palette-" + at : "");
    const chosen = list.children[at];
    if (chosen) chosen.scrollIntoView({ block: "nearest" });
  }

  // Closing gives the focus back to where it was, and then the command has it.
  function run(number) {
    const chosen = shown[number];
    if (!chosen) return;
    dialog.close();
    chosen.run();
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) { dialog.close(); return; }
      if ($("dialog[open]")) return;
      input.value = "";
      dialog.showModal();
      look();
    }
  });
  input.addEventListener("input", look);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && shown.length) { event.preventDefault(); at = (at + by + shown.length) % shown.length; draw(); }
    if (event.key === "Enter") { event.preventDefault(); run(at); }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
