// What htmx cannot say by itself. Everything works without this file.
"use strict";

(() => {
  const live = () => document.getElementById("live");

  // Said where the eye is and to screen readers; gone with the next answer.
  function say(text) {
    const notice = document.createElement("p");
    notice.className = "notice notice--bad";
    notice.textContent = text;
    live().replaceChildren(notice);
  }

  // What asks by itself, again and again, neither says nor hides anything here, and takes nobody anywhere.
  const quiet = (event) => (event.detail.elt ?? event.target).closest?.("[data-quiet]");
  const unlessQuiet = (act) => (event) => quiet(event) || act(event);

  // Cut off by leaving the page, which is no error.
  document.addEventListener("htmx:beforeSend", (event) => quiet(event) && (event.detail.xhr.onabort = null));

  const inLive = (element) => Boolean(element && live().contains(element));
  document.addEventListener(
    "htmx:beforeRequest",
    unlessQuiet((event) => inLive(event.detail.elt) || live().replaceChildren()),
  );
  // Its row is not in this list any more: answered by a page of its own.
  document.addEventListener("htmx:targetError", (event) => inLive(event.target) && event.target.closest("form")?.submit());
  document.addEventListener("htmx:sendError", unlessQuiet(() => say(live().dataset.lost)));
  document.addEventListener("htmx:timeout", unlessQuiet(() => say(live().dataset.slow)));

  // Our own pages of trouble are shown whatever their status; a proxy's are not.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.getResponseHeader("X-Fragment") === "1") {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // A page part that looks again takes nothing away from under the finger: the press would be lost. It asks once more
  // when the finger is up.
  const LONGEST_PRESS_MS = 5000; // released outside of the window, which nobody tells
  let pressed = null;
  document.addEventListener("pointerdown", (event) => {
    pressed = { on: event.target, until: Date.now() + LONGEST_PRESS_MS, missed: [] };
  });
  for (const end of ["pointerup", "pointercancel"]) {
    // Behind the click that follows.
    document.addEventListener(end, () =>
      setTimeout(() => {
        const missed = pressed?.missed ?? [];
        pressed = null;
        for (const { path, elt } of missed) {
          elt.isConnected && window.htmx.ajax("GET", path, { source: elt });
        }
      }),
    );
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (requestConfig.verb === "get" && pressed && Date.now() < pressed.until && target.contains(pressed.on)) {
      pressed.missed.push(requestConfig);
      event.detail.shouldSwap = false;
    }
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (!quiet(event) && !xhr.getResponseHeader("HX-Redirect")) {
      say(live().dataset.failed.replace("%s", xhr.status));
    }
  });

  // After a press, the eye and the screen reader go to what it led to; a page part that looks again takes nobody away.
  document.addEventListener("htmx:afterSettle", (event) => {
    const { requestConfig } = event.detail;
    if (requestConfig?.verb === "get" || requestConfig?.elt?.closest("[data-quiet]")) {
      return;
    }
    if (inLive(requestConfig?.elt)) {
      live().replaceChildren(); // pressed there, answered elsewhere
    }
    // Only within what came: an editor that answers while one types has nothing to do with a notice elsewhere.
    const came = event.target;
    (came.matches("[data-focus]") ? came : came.querySelector("[data-focus]"))?.focus();
  });

  // The menu closes by Escape and by a press elsewhere.
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (menu && !menu.contains(event.target)) {
      menu.open = false;
    }
  });
})();
