// Keeps the desk live: told that the board has moved, it reads the page again and puts the new desk in the place of the old.
// Without it the page is the same, and is read again by hand.
"use strict";
(() => {
  const live = document.getElementById("live");
  const desk = () => document.getElementById("desk");
  if (!live || !desk() || !window.EventSource) return;

  // Whatever is being typed or is open is not taken from under anybody's hands.
  const busy = () => {
    const at = document.activeElement;
    const typing = at && desk().contains(at) && ["INPUT", "SELECT", "TEXTAREA"].includes(at.tagName);
    return typing || desk().querySelector("details[open]") !== null;
  };

  let wanted = 0;
  let reading = false;
  const say = (text) => { live.textContent = text; };

  const refresh = async () => {
    if (reading || wanted <= Number(desk().dataset.version)) return;
    if (busy()) { say("changed: finish what you do"); return; }
    reading = true;
    try {
      const answer = await fetch(desk().dataset.here, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) { say("not live"); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("desk");
      if (fresh) { desk().replaceWith(document.adoptNode(fresh)); say("live"); }
    } finally {
      reading = false;
    }
  };

  const source = new EventSource("/dispatch/stream");
  source.addEventListener("open", () => say("live"));
  source.addEventListener("error", () => say("not live"));
  source.addEventListener("board", (event) => {
    wanted = JSON.parse(event.data).data_version;
    refresh();
  });
  // What was put off is read once hands are free.
  document.addEventListener("focusout", () => setTimeout(refresh, 250));
  document.addEventListener("toggle", () => setTimeout(refresh, 250), true);
  // What is late becomes late without anybody doing anything.
  setInterval(() => { wanted += 1; refresh(); wanted -= 1; }, 60000);
})();
