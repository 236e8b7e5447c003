"use strict";
// Without this script everything can be read; with it, items can be found and heard. Their sound is no attribute of an
// element from the start: that would cost seconds when a large page opens.
const items = [...document.querySelectorAll(".item")], form = document.getElementById("find");
form.hidden = items.length < 2;
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", event => {
  const wanted = event.target.value.toLowerCase();
  let shown = 0;
  for (const item of items) shown += !(item.hidden = !item.textContent.toLowerCase().includes(wanted));
  form.querySelector("output").textContent = wanted ? `${shown} of ${items.length}` : "";
});
for (const item of items) item.addEventListener("toggle", () => {
  const sound = item.querySelector("script");
  if (!sound) return;
  const audio = document.createElement("audio"), time = item.querySelector(".time"), span = +time.dataset.span;
  audio.controls = true;
  audio.ariaLabel = item.querySelector("summary span").textContent;
  audio.src = `data:audio/ogg;base64,${sound.textContent}`;
  sound.replaceWith(audio);
  const head = time.appendChild(document.createElement("div"));
  head.className = "head";
  const move = () => { head.style.left = `${100 * audio.currentTime / span}%`; if (!audio.paused) requestAnimationFrame(move); };
  for (const happens of ["play", "seeked", "pause"]) audio.addEventListener(happens, move);
  time.addEventListener("click", event => {
    const box = time.getBoundingClientRect(), at = span * (event.clientX - box.left) / box.width;
    const go = () => { audio.currentTime = Math.min(at, audio.duration || at); audio.play(); };
    if (audio.readyState) go(); else audio.addEventListener("loadedmetadata", go, { once: true });
  });
});
