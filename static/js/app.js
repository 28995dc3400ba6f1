// What htmx cannot say by itself. Everything works without this file.
"use strict";

(() => {
  const live = () => document.getElementById("live");

  // Asked by the page itself and not by a person: what polls and what loads, and what an event of our own sets off.
  const byItself = ({ requestConfig: asked }) =>
    asked.elt.hasAttribute("hx-trigger") && !asked.triggeringEvent?.isTrusted;
  // Its trouble is told by events, like that of the first time.
  const again = ({ verb, path, elt }) => elt.isConnected && htmx.ajax(verb, path, { source: elt }).catch(() => {});

  // What asks by itself, again and again, neither says nor hides anything here, and takes nobody anywhere.
  const quiet = (event) => (event.detail.elt ?? event.target).closest?.("[data-quiet]");
  const unlessQuiet = (act) => (event) => quiet(event) || act(event);

  function noticeOf(tone, text) {
    const notice = document.createElement("p");
    notice.className = `notice notice--${tone}`;
    notice.textContent = text;
    return notice;
  }

  // Said where the eye is and to screen readers; gone with the next answer.
  const say = (text) => live().replaceChildren(noticeOf("bad", text));
  window.cometadmin = Object.assign(window.cometadmin ?? {}, { byItself, again, noticeOf });

  // What cannot look again says so once, beside what stands there, until it can; what asks but once is asked again.
  const TRIED_AGAIN_MS = 5000;
  let stale = null;
  function outOfDate(asked) {
    if (!stale?.isConnected) {
      stale = noticeOf("warn", live().dataset.stale);
      live().append(stale);
    }
    asked.elt.getAttribute("hx-trigger").startsWith("every") || setTimeout(again, TRIED_AGAIN_MS, asked);
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && byItself(event.detail)) {
      stale?.remove();
    }
  });
  const trouble = (words) =>
    unlessQuiet((event) => (byItself(event.detail) ? outOfDate(event.detail.requestConfig) : say(words(event))));

  // Cut off by leaving the page, which is no error.
  document.addEventListener("htmx:beforeSend", (event) => quiet(event) && (event.detail.xhr.onabort = null));

  const inLive = (element) => Boolean(element && live().contains(element));
  document.addEventListener(
    "htmx:beforeRequest",
    unlessQuiet((event) => byItself(event.detail) || inLive(event.detail.elt) || live().replaceChildren()),
  );
  // Its row is not in this list any more: answered by a page of its own.
  document.addEventListener("htmx:targetError", (event) => inLive(event.target) && event.target.closest("form")?.submit());
  document.addEventListener("htmx:sendError", trouble(() => live().dataset.lost));
  document.addEventListener("htmx:timeout", trouble(() => live().dataset.slow));

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
  // With what became of a change all that tells of it comes anew, anywhere in the panel.
  const whole = (part) => part.closest("#panel") ?? part;
  document.addEventListener("pointerdown", (event) => {
    pressed = { on: event.target, until: Date.now() + LONGEST_PRESS_MS, missed: [] };
  });
  for (const end of ["pointerup", "pointercancel"]) {
    // Behind the click that follows.
    document.addEventListener(end, () =>
      setTimeout(() => {
        const missed = pressed?.missed ?? [];
        pressed = null;
        missed.forEach(again);
      }),
    );
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (requestConfig.verb === "get" && pressed && Date.now() < pressed.until && whole(target).contains(pressed.on)) {
      pressed.missed.push(requestConfig);
      event.detail.shouldSwap = false;
    }
  });

  document.addEventListener(
    "htmx:responseError",
    trouble((event) => live().dataset.failed.replace("%s", event.detail.xhr.status)),
  );

  // Rows come anew only over rows that are free: not under a press that is under way, nor over what became of one.
  const FREE_AFTER_MS = 3000;
  let waiting = null;
  for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
    document.addEventListener(moment, (event) => {
      const asked = event.detail.requestConfig;
      if (asked.elt.id === "keys-anew" && document.querySelector(".keys .htmx-request, .keys .notice")) {
        event.preventDefault();
        clearTimeout(waiting);
        waiting = setTimeout(again, FREE_AFTER_MS, asked);
      }
    });
  }

  // Who stands on something without an id in a part that comes anew by itself stands on its like after it.
  const saying = (one) => [one.getAttribute("href"), one.textContent.trim()].join(" ");
  const likes = (part, { tag, says }) => [...part.querySelectorAll(tag)].filter((one) => saying(one) === says);
  let stood = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { shouldSwap, target, requestConfig } = event.detail;
    const on = document.activeElement;
    stood = null;
    const alone = byItself(event.detail) || requestConfig.elt.closest("[data-quiet]");
    if (shouldSwap && alone && whole(target).contains(on) && !on.id) {
      stood = { on, tag: on.tagName, says: saying(on) };
      stood.nth = likes(whole(target), stood).indexOf(on);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const found = stood && !stood.on.isConnected ? likes(whole(event.target), stood) : [];
    (found[stood?.nth] ?? found[0])?.focus({ preventScroll: true });
  });

  // After a press, the eye and the screen reader go to what it led to; a page part that looks again takes nobody away,
  // and neither does a list that follows the typing.
  document.addEventListener("htmx:afterSettle", (event) => {
    const { requestConfig: asked } = event.detail;
    const by = asked?.triggeringEvent;
    const looked = asked?.verb === "get" && !(by?.isTrusted && ["click", "submit"].includes(by.type));
    if (looked || (asked && !by) || asked?.elt.closest("[data-quiet]")) {
      return;
    }
    if (inLive(asked?.elt)) {
      live().replaceChildren(); // pressed there, answered elsewhere
    }
    // Only within what came: an editor that answers while one types has nothing to do with a notice elsewhere.
    const within = (what) => (event.target.matches(what) ? event.target : event.target.querySelector(what));
    within("[data-focus]")?.focus();
    const count = within("[data-announce]");
    if (count) {
      document.getElementById("announced").textContent = count.textContent.trim();
    }
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
