// Keeps the page live: fetches it after each change of the sandbox and applies the differences.
"use strict";

(() => {
  const PAUSE = 250;
  const page = document.documentElement;
  page.classList.add("has-script");

  /** Makes `old` equal to `fresh` and keeps the nodes that did not change, with their focus, scroll
   *  position, input and selection. */
  function sync(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    // A reader opens and closes details.
    const kept = (name) => name === "open" && old.nodeName === "DETAILS";
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const known = new Map();
    for (const child of old.children) if (child.id) known.set(child.id, child);
    let at = old.firstChild;
    for (const next of fresh.childNodes) {
      const id = next.id || "";
      let same = id ? known.get(id) : at;
      if (!same || same.nodeName !== next.nodeName || (same.id || "") !== id) {
        old.insertBefore(document.importNode(next, true), at);
        continue;
      }
      if (same === at) at = at.nextSibling;
      else old.insertBefore(same, at);
      sync(same, next);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  /** Shows the contents of a fetched page. */
  function show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const id of ["main", "clock"]) {
      const [old, next] = [document.getElementById(id), fresh.getElementById(id)];
      if (old && next) sync(old, next);
    }
    document.title = fresh.title;
    startClock();
  }

  function notice(text) {
    document.getElementById("notice").textContent = text;
  }

  // One request at a time; a change during a request causes another one.
  let isBusy = false;
  let isStale = false;

  async function refresh() {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    while (isStale) {
      isStale = false;
      const address = location.href;
      try {
        const response = await fetch(address);
        const text = await response.text();
        if (response.ok && address === location.href) show(text);
      } catch {
        // The stream of events reports that the sandbox is gone.
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    isBusy = false;
  }

  // A browser opens only a few connections, so that a hidden page must not keep one.
  let source = null;

  function leave() {
    source?.close();
    source = null;
  }

  function follow() {
    if (document.hidden) leave();
    else if (!source) {
      source = new EventSource("/_page/events");
      source.addEventListener("open", () => {
        if (page.classList.contains("is-away")) notice("");
        page.classList.remove("is-away");
      });
      source.addEventListener("change", refresh);
      source.addEventListener("error", () => {
        if (page.classList.contains("is-away")) return;
        page.classList.add("is-away");
        notice("The sandbox does not answer.");
      });
    }
  }

  /** Sends a form without leaving the page. */
  async function submit(event) {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    const button = event.submitter;
    const address = button?.getAttribute("formaction") || form.getAttribute("action");
    const body = new URLSearchParams(new FormData(form, button));
    form.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { method: "POST", body });
      const text = await response.text();
      if (!response.ok) {
        const problem = new DOMParser().parseFromString(text, "text/html").querySelector("[role=alert]");
        notice(problem ? problem.textContent : "This is not possible.");
        return;
      }
      notice("");
      const place = new URL(response.url);
      if (place.pathname !== location.pathname) location.assign(place);
      else {
        if (place.search !== location.search) history.pushState(null, "", place);
        show(text);
      }
    } catch {
      notice("The sandbox does not answer.");
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  async function copy(button) {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  // The clock runs between two changes.
  let clock = null;

  function startClock() {
    const now = document.getElementById("now");
    if (now) clock = { now, base: Date.parse(now.dateTime), speed: Number(now.dataset.speed), since: performance.now() };
  }

  function tick() {
    if (!clock || !(clock.speed > 0)) return;
    const time = new Date(clock.base + (performance.now() - clock.since) * clock.speed);
    if (Number.isNaN(time.getTime())) return;
    const text = time.toISOString().slice(0, 19).replace("T", " ");
    if (clock.now.textContent !== text) clock.now.textContent = text;
  }

  document.addEventListener("submit", submit);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", follow);
  addEventListener("popstate", refresh);
  startClock();
  setInterval(tick, 200);
})();
