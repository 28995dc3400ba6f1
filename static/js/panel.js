// A key opens in a panel over the list: its own address, Back closes it, the focus goes back to where it came from.
"use strict";

(() => {
  const here = () => location.pathname + location.search;
  const page = here();
  const editor = () => document.getElementById("editor");
  const live = document.getElementById("live");
  const home = live?.parentElement;
  let asked = null;

  const link = (url) => [...document.querySelectorAll("a[data-in-panel]")].find((one) => one.pathname === url);

  function show(url) {
    const dialog = editor();
    const waiting = document.createElement("p");
    waiting.className = "editor__reading";
    waiting.textContent = dialog.dataset.reading;
    dialog.replaceChildren(waiting);
    if (!dialog.open) {
      dialog.showModal();
    }
    dialog.append(live);
    htmx.ajax("GET", url, { target: dialog, swap: "beforeend" }).then(() => waiting.remove());
  }

  function hide() {
    const dialog = editor();
    const url = dialog.dataset.url;
    home.append(live);
    dialog.replaceChildren();
    dialog.close();
    link(url)?.focus();
  }

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
    } else if (event.target === editor()) {
      leave(); // beside the panel
    }
  });

  // Back to the list, after asking where something would be lost.
  function leave() {
    unlessUnsaved(() => history.back());
  }

  function unlessUnsaved(act) {
    const ask = document.getElementById("leave");
    if (!window.cometadmin.unsaved()) {
      act();
    } else if (!ask.open) {
      asked = act;
      ask.returnValue = "";
      ask.showModal();
    }
  }

  document.addEventListener(
    "close",
    (event) => {
      if (event.target.id === "leave" && event.target.returnValue === "leave") {
        window.cometadmin.throwAway();
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
    if (!dialog) {
      if (here() !== page) {
        location.reload(); // this page was loaded anew while it was a panel
      }
    } else if (event.state?.panel) {
      dialog.dataset.url = event.state.panel;
      show(event.state.panel);
    } else if (dialog.open) {
      event.stopImmediatePropagation();
      if (window.cometadmin.unsaved()) {
        history.pushState({ panel: dialog.dataset.url }, "", dialog.dataset.url);
        leave();
      } else {
        hide();
      }
    }
  }

  document.addEventListener("editor-saved", () => editor()?.open && history.back());

  // What cannot be shown in the panel has a page of its own that says why.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target === editor()) {
      location.replace(editor().dataset.url);
    }
  });
  document.addEventListener("htmx:sendError", (event) => event.detail.target === editor() && history.back());
})();
