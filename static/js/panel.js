// A key opens in a panel over the list: its own address, Back closes it, the focus goes back to where it came from.
"use strict";

(() => {
  const here = () => location.pathname + location.search;
  const page = here();
  const editor = () => document.getElementById("editor");
  const live = document.getElementById("live");
  const home = live?.parentElement;
  let asked = null;
  let closing = false;
  let pressedOn = null;

  const link = (url) => [...document.querySelectorAll("a[data-in-panel]")].find((one) => one.pathname === url);

  function show(url) {
    const dialog = editor();
    closing = false;
    htmx.trigger(dialog, "htmx:abort"); // another key, that nobody waits for any more
    const waiting = document.createElement("p");
    waiting.className = "editor__reading";
    waiting.textContent = dialog.dataset.reading;
    dialog.replaceChildren(waiting);
    if (!dialog.open) {
      dialog.showModal();
    }
    dialog.append(live);
    const asking = { source: dialog, target: dialog, swap: "beforeend" };
    htmx.ajax("GET", url, asking).then(() => waiting.remove(), () => {}); // its trouble is told by events
  }

  function hide() {
    const dialog = editor();
    const url = dialog.dataset.url;
    closing = false;
    htmx.trigger(dialog, "htmx:abort");
    home.append(live);
    dialog.replaceChildren();
    dialog.close();
    link(url)?.focus();
  }

  document.addEventListener("pointerdown", (event) => (pressedOn = event.target), true);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[data-in-panel]");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (opener && plain && editor()) {
      event.preventDefault();
      editor().dataset.url = opener.pathname;
      history.pushState({ panel: opener.pathname }, "", opener.href);
      show(opener.pathname);
    } else if (event.target.closest("[data-close]") && editor()?.open) {
      event.preventDefault();
      leave();
    } else if (event.target === editor() && pressedOn === editor() && event.detail < 2) {
      leave(); // beside the panel: not the second click of two, nor where a selection was drawn out of it
    }
  });

  // What is on its way to CometAPI cannot be thrown away any more; closed, the panel would take its answer along.
  const saving = () => Boolean(editor()?.querySelector("form.htmx-request"));
  let wait = null;
  function sayWait() {
    if (!wait?.isConnected) {
      wait = window.cometadmin.noticeOf("info", editor().dataset.saving);
      live.replaceChildren(wait);
    }
  }
  document.addEventListener("htmx:afterRequest", () => saving() || wait?.remove());

  // Back to the list, after asking where something would be lost.
  function leave() {
    if (saving()) {
      sayWait();
    } else if (window.cometadmin.unsaved()) {
      ask(() => {
        window.cometadmin.throwAway();
        back();
      });
    } else {
      back();
    }
  }

  // Once: the browser takes its time, and a second step back would leave the list as well.
  function back() {
    if (!closing) {
      closing = true;
      history.back();
    }
  }

  function ask(act) {
    const dialog = document.getElementById("leave");
    if (!dialog.open) {
      asked = act;
      dialog.returnValue = "";
      dialog.showModal();
    }
  }

  // Saved meanwhile: there is nothing left to ask about.
  document.addEventListener("htmx:afterSettle", () => {
    const dialog = document.getElementById("leave");
    if (dialog?.open && !window.cometadmin.unsaved()) {
      dialog.close();
    }
  });

  // Taking a change back brings the form anew. Until it has come, what is typed stays: it may not come.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target, issueRequest } = event.detail;
    if (target.id === "panel" && !elt.closest("[data-kept]") && window.cometadmin.formTyped()) {
      event.preventDefault();
      ask(() => issueRequest(true));
    }
  });

  document.addEventListener(
    "close",
    (event) => {
      if (event.target.id === "leave" && event.target.returnValue === "leave") {
        asked();
      } else if (event.target.id === "editor" && editor().childElementCount) {
        editor().showModal(); // closed by the browser itself: a second Escape
        leave();
      }
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && editor()?.open && !document.getElementById("leave").open) {
      event.preventDefault();
      leave();
    }
  });

  // Before htmx, which would load the list anew for a state of its own.
  window.addEventListener("popstate", (event) => returned(event), { capture: true });

  function returned(event) {
    const dialog = editor();
    closing = false;
    if (!dialog) {
      if (here() !== page) {
        location.reload(); // this page was loaded anew while it was a panel
      }
    } else if (event.state?.panel) {
      dialog.dataset.url = event.state.panel;
      show(event.state.panel);
    } else if (dialog.open) {
      event.stopImmediatePropagation();
      if (saving() || window.cometadmin.unsaved()) {
        history.pushState({ panel: dialog.dataset.url }, "", dialog.dataset.url);
        leave();
      } else {
        hide();
      }
    }
  }

  // Saved; it stays open where the note beside is not.
  document.addEventListener("editor-saved", () => editor()?.open && !window.cometadmin.unsaved() && back());

  // What cannot be shown in the panel has a page of its own that says why.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target === editor() && !closing) {
      location.replace(editor().dataset.url);
    }
  });
  document.addEventListener("htmx:sendError", (event) => event.detail.target === editor() && back());
})();
