// The allowlist editor, where htmx does not suffice. Everything works without this file.
"use strict";

(() => {
  // A box of one line: Enter asks at once, and neither breaks the line nor saves the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && event.target.matches("[data-line]")) {
      event.preventDefault();
      htmx.trigger(event.target.closest("[hx-post]"), "look");
    }
  });

  // A long list is one stop of the Tab key, and arrows go from button to button in it; it stays where it was scrolled to.
  const LONG = 12;
  const list = () => document.querySelector("#allowlist .picker__list");
  const isLong = (found) => found?.children.length > LONG;
  let scrolled = 0;

  function arm() {
    if (isLong(list())) {
      list().setAttribute("aria-description", list().dataset.arrows);
      list().querySelectorAll("button").forEach((button) => (button.tabIndex = -1));
    }
  }
  arm();
  document.addEventListener("htmx:load", arm);
  document.addEventListener("htmx:beforeSwap", () => (scrolled = list()?.scrollTop ?? 0));
  document.addEventListener("htmx:afterSwap", () => list() && (list().scrollTop = scrolled));
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const found = event.target.closest("#allowlist .picker__list");
    if (step && isLong(found)) {
      const buttons = [...found.querySelectorAll("button")];
      event.preventDefault();
      buttons.at(Math.max(0, Math.min(buttons.indexOf(event.target) + step, buttons.length - 1))).focus();
    }
  });

  // What a button wrote into a field counts as typed, for whoever listens to the form, and is asked about before it is
  // thrown away: the field came anew, and was not what it shows.
  const shown = new Map();
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const area = event.target.querySelector("textarea");
    area && shown.set(area.id, area.defaultValue);
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.matches("[data-retyped]")) {
      const area = event.target.querySelector("textarea");
      const written = area.value;
      area.defaultValue = shown.get(area.id);
      area.value = written;
      area.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
})();
