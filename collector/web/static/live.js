"use strict";
// Swaps the sections that changed, and says so when no news comes.
(() => {
  const QUIET_MS = 4000;
  const lost = document.getElementById("lost");
  const main = document.querySelector("main");
  let heard = Date.now();
  let source;

  function clock(at) {
    return new Date(at).toLocaleTimeString("en-GB", { timeZone: "Asia/Almaty" });
  }

  function hear() {
    heard = Date.now();
  }

  function swap(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const same = [...main.children].map((section) => section.id).join()
      === [...fresh.content.children].map((section) => section.id).join();
    if (!same) {
      main.replaceChildren(fresh.content);
      return;
    }
    for (const section of [...fresh.content.children]) {
      const shown = document.getElementById(section.id);
      if (shown.outerHTML !== section.outerHTML) shown.replaceWith(section);
    }
  }

  function listen() {
    if (source) source.close();
    source = new EventSource(`/live?lang=${document.documentElement.lang}`);
    source.addEventListener("beat", hear);
    source.addEventListener("board", (event) => {
      hear();
      swap(event.data);
    });
  }

  setInterval(() => {
    const quiet = Date.now() - heard > QUIET_MS;
    document.body.classList.toggle("is-lost", quiet);
    lost.hidden = !quiet;
    if (!quiet) return;
    const text = lost.dataset.words.replace("{clock}", clock(heard));
    if (lost.textContent !== text) lost.textContent = text;
    if (source.readyState === EventSource.CLOSED) listen();
  }, 1000);

  listen();
})();
