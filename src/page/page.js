"use strict";
const find = document.getElementById("find");
const found = document.getElementById("found");
const all = found.innerHTML;
const buttons = [...document.querySelectorAll("nav button")];
const cards = [...document.querySelectorAll("article")];

// shows the stacks that have every word and one of the chosen tiers
function show() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const tiers = buttons.filter((button) => button.ariaPressed === "true").map((button) => button.dataset.tier);
  let count = 0;
  for (const card of cards) {
    const own = card.dataset.tiers.split(" ");
    card.hidden = !words.every((word) => card.dataset.words.includes(word)) ||
      (tiers.length > 0 && !tiers.some((tier) => own.includes(tier)));
    count += card.hidden ? 0 : 1;
  }
  for (const wave of document.querySelectorAll(".wave")) {
    wave.hidden = !wave.querySelector("article:not([hidden])");
  }
  const isWhole = words.length === 0 && tiers.length === 0;
  document.getElementById("picture").hidden = !isWhole;
  document.getElementById("none").hidden = count > 0;
  if (isWhole) found.innerHTML = all;
  else found.textContent = `${count} of ${cards.length} stacks`;
}

find.addEventListener("input", show);
for (const button of buttons) {
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    show();
  });
}
// `/` begins a search, Escape ends it, Enter opens the first host that was found
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== find) {
    event.preventDefault();
    find.focus();
  } else if (event.key === "Escape") {
    find.value = "";
    show();
  } else if (event.key === "Enter" && document.activeElement === find) {
    document.querySelector("article:not([hidden]) .links a")?.click();
  }
});
// a link to a stack that is hidden shows it
addEventListener("hashchange", () => {
  const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (card?.hidden) {
    find.value = "";
    buttons.forEach((button) => (button.ariaPressed = "false"));
    show();
    card.scrollIntoView();
  }
});
show();
