// Live updates that wait for the reader: paused on request, held while focus or pointer is on a row, told at most every 15 s.
(() => {
  const by = (id) => document.getElementById(id);
  const EVERY_MS = 1000, TELL_EVERY_MS = 15000;
  let paused = false, away = true, waiting = 0, timer = null, toldAt = 0;
  const living = () => by("lists");
  const held = () => living() && (living().contains(document.activeElement) || (matchMedia("(hover: hover)").matches && living().querySelector("tr[data-row]:hover")));

  const state = () => {
    const name = paused ? "paused" : away ? "away" : "live";
    const words = { paused: "paused", away: "reconnecting", live: "live" }[name];
    by("state").dataset.state = name;
    by("state-words").textContent = living() ? `As of ${living().dataset.asOf} · ${words}` : words;
  };
  const refresh = () => {
    timer = null;
    waiting = 0;
    by("apply").hidden = true;
    if (living()) htmx.trigger(living(), "refresh");
  };
  const hold = (news) => {
    waiting += news;
    by("apply").hidden = false;
    by("apply").textContent = waiting > 1 ? `Show ${waiting} changes` : "Show what changed";
  };
  const changed = (news = 1) => {
    if (!living()) return;
    if (paused || held()) hold(news);
    else if (!timer) timer = setTimeout(() => { timer = null; paused || held() ? hold(news) : refresh(); }, EVERY_MS);
  };
  const concerns = (event) => {
    const item = living() && living().dataset.item;
    if (!item) return true;
    try {
      const told = JSON.parse(event.detail.data);
      return told.more || told.items.includes(item);
    } catch { return true; }
  };
  const pause = () => {
    paused = !paused;
    by("pause").setAttribute("aria-pressed", String(paused));
    by("pause").textContent = paused ? "Go on" : "Pause";
    state();
    if (!paused && waiting) refresh();
  };

  document.addEventListener("changed", (event) => { if (concerns(event)) changed(); });
  document.addEventListener("resync", () => changed());
  document.addEventListener("htmx:sse:after:connection", () => { away = false; state(); });
  for (const name of ["htmx:sse:error", "htmx:sse:close"]) document.addEventListener(name, () => { away = true; state(); });
  document.addEventListener("htmx:after:swap", () => {
    state();
    const now = Date.now(), summary = living() && living().dataset.summary;
    if (summary && now - toldAt > TELL_EVERY_MS && by("told").textContent !== summary) { toldAt = now; by("told").textContent = summary; }
  });
  const freed = () => setTimeout(() => { if (waiting && !paused && !held()) changed(0); }, 0);
  document.addEventListener("focusout", freed);
  document.addEventListener("pointerout", freed);
  by("pause").addEventListener("click", pause);
  by("apply").addEventListener("click", () => { by("apply").blur(); refresh(); });
  setInterval(() => { if (!paused && !held() && !document.hidden) refresh(); }, 60000); // deadlines pass without an event

  // — keyboard: letters act where nobody types
  const PLACES = { t: "/today", n: "/next-steps", o: "/overdue", c: "/crisis", r: "/new" };
  const rows = () => [...document.querySelectorAll("tr[data-row] a.open")];
  const move = (by_) => {
    const all = rows(), at = all.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by_))];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const row = document.activeElement.closest("tr[data-row]"), lists = by("q");
    if (event.key === "/" && lists) lists.focus();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "a" && row && row.querySelector(".do a")) row.querySelector(".do a").click();
    else if (event.key === "p") pause();
    else if (event.key === "?") by("keys").showModal();
    else if (event.key in PLACES && lists) location.assign(PLACES[event.key]);
    else return;
    event.preventDefault();
  });
  by("keys-open").addEventListener("click", () => by("keys").showModal());

  // — a session ends with a warning: what only refreshes itself does not make it last, a person's word does
  const WARN_S = 300;
  const left = () => {
    const until = document.cookie.match(/(?:^|; )throughline-until=(\d+)/);
    return until ? Number(until[1]) - Date.now() / 1000 : Infinity;
  };
  const leave = () => location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
  const ending = () => {
    const seconds = left();
    if (seconds <= 0) leave();
    else if (seconds < WARN_S) {
      const words = seconds < 90 ? `${Math.max(10, Math.ceil(seconds / 10) * 10)} s` : `${Math.ceil(seconds / 60)} min`;
      if (by("ending-in").textContent !== words) by("ending-in").textContent = words;
      if (!by("ending").open) { if (by("keys").open) by("keys").close(); by("ending").showModal(); }
    } else if (by("ending").open) by("ending").close(); // in another tab somebody said so
  };
  const lasting = left() < Infinity;
  setInterval(() => { if (lasting && left() === Infinity) leave(); else ending(); }, 1000);
  by("stay").addEventListener("click", async () => {
    const answer = await fetch("/stay", { method: "POST" }).catch(() => null);
    if (answer && answer.status === 204) by("ending").close();
    else leave();
  });
  ending();

  // — a choice narrows its list at once; a form is sent once
  document.documentElement.classList.add("scripted");
  document.addEventListener("change", (event) => { const form = event.target.closest("form[data-submit]"); if (form) form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    for (const empty of event.target.querySelectorAll("select, input")) if (event.target.dataset.submit !== undefined && !empty.value) empty.disabled = true;
  });
  state();
})();
