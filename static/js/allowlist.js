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

  // What a button wrote into a field counts as typed, for whoever listens to the form.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.matches("[data-retyped]")) {
      event.target.querySelector("textarea").dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
})();
