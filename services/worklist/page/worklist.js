// Live updates that wait for the reader: paused on request, held while the focus is inside a list, told at most every 15 s.
(() => {
  const by = (id) => document.getElementById(id);
  const EVERY_MS = 1000, TELL_EVERY_MS = 15000;
  let paused = false, waiting = false, timer = null, toldAt = 0;

  const state = (name, words) => { by("state").dataset.state = name; by("state-words").textContent = words; };
  const reading = () => by("lists").contains(document.activeElement);

  const refresh = () => {
    timer = null;
    waiting = false;
    by("apply").hidden = true;
    htmx.trigger(by("lists"), "refresh");
  };
  const changed = () => {
    if (paused || reading()) {
      waiting = true;
      by("apply").hidden = false;
    } else if (!timer) {
      timer = setTimeout(() => (paused || reading() ? changed() || (timer = null) : refresh()), EVERY_MS);
    }
  };
  const concerns = (event) => {
    const item = by("lists").dataset.item;
    if (!item) return true;
    try {
      const told = JSON.parse(event.detail.data);
      return told.more || told.items.includes(item);
    } catch { return true; }
  };

  document.addEventListener("changed", (event) => { if (concerns(event)) changed(); });
  document.addEventListener("resync", changed);
  document.addEventListener("htmx:sse:after:connection", () => { if (!paused) state("live", "Live"); if (waiting) changed(); });
  for (const name of ["htmx:sse:error", "htmx:sse:close"]) {
    document.addEventListener(name, () => { if (!paused) state("away", "Reconnecting"); });
  }
  document.addEventListener("htmx:after:swap", () => {
    const now = Date.now(), summary = by("lists").dataset.summary;
    if (now - toldAt > TELL_EVERY_MS && by("told").textContent !== summary) { toldAt = now; by("told").textContent = summary; }
  });
  document.addEventListener("focusout", () => setTimeout(() => { if (waiting && !paused && !reading()) changed(); }, 0));
  by("pause").addEventListener("click", () => {
    paused = !paused;
    by("pause").setAttribute("aria-pressed", String(paused));
    state(paused ? "paused" : "live", paused ? "Paused" : "Live");
    if (!paused) refresh();
  });
  by("apply").addEventListener("click", refresh);
  setInterval(() => { if (!paused && !reading() && !document.hidden) refresh(); }, 60000); // deadlines pass without an event
})();
