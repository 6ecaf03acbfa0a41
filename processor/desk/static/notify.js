// Signs of the browser's own, for who asked for them in this browser: how many tickets are urgent, and nothing of them.
// While the page is seen nothing is shown; while it is not, one stream of counts is listened to.
"use strict";
(() => {
  const ON = "desk notices", SHOWN = "desk noticed", APART = 5 * 60 * 1000;
  const words = document.querySelector("meta[name=desk-urgent]");
  const button = document.querySelector("[data-notify]");
  if (!("Notification" in window) || !window.EventSource) return;
  const kept = (name) => { try { return localStorage.getItem(name) || ""; } catch { return ""; } };
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* not allowed */ } };
  const on = () => kept(ON) === "on" && Notification.permission === "granted";
  let source = null;
  let urgent = null;

  function tell(numbers) {
    const now = numbers.urgent, more = urgent !== null && now > urgent;
    urgent = now;
    if (!more || Date.now() - Number(kept(SHOWN) || 0) < APART) return;
    keep(SHOWN, String(Date.now()));
    const sign = new Notification("processor", { body: words.content.replace("#", now), tag: "desk" });
    sign.addEventListener("click", () => { window.focus(); location.assign("/queue?view=urgent"); });
  }

  function turn() {
    if (on() && words && document.visibilityState === "hidden") {
      if (source) return;
      urgent = null;
      source = new EventSource("/live?follow=1");
      for (const name of ["counts", "queue"]) source.addEventListener(name, (event) => tell(JSON.parse(event.data)));
      source.addEventListener("end", () => source && source.close());
    } else if (source) {
      source.close();
      source = null;
    }
  }
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", () => { if (source) source.close(); source = null; });

  function show() {
    button.hidden = false;
    button.textContent = on() ? button.dataset.off : button.dataset.on;
    button.setAttribute("aria-pressed", String(on()));
  }
  if (button) {
    show();
    button.addEventListener("click", async () => {
      if (on()) keep(ON, "");
      else if (await Notification.requestPermission() === "granted") keep(ON, "on");
      else document.querySelector("[data-notify-refused]").hidden = false;
      show();
    });
  }
})();
