// The page as a whole: the address decides what is shown, and whatever is chosen changes the address.
const panel = document.getElementById("trace");
const pageBody = document.getElementById("page");
const grids = [makeGrid("clients", ""), makeGrid("programs", "p.")].filter(Boolean);
const narrow = matchMedia("(max-width: 60rem)");
let opened = "";
let returnTo = null;

for (const one of document.querySelectorAll(".scripted")) one.hidden = false;
for (const one of document.querySelectorAll(".unscripted")) one.hidden = true;

const linkOf = (record) => grids.map((grid) => grid.linkTo(record.client, record.scene)).find(Boolean);
const gridOf = (record) => grids.find((grid) => grid.linkTo(record.client, record.scene));

const bar = (record, twin) => {
  const button = (action, words, arrow) =>
    make("button", { type: "button", "data-action": action, "aria-label": words, title: words }, make("span", { "aria-hidden": "true" }, arrow));
  const moves = record
    ? make(
        "span",
        { class: "moves", role: "group", "aria-label": "Neighbouring cells" },
        button("left", "Previous client (left arrow key)", "←"),
        button("right", "Next client (right arrow key)", "→"),
        button("up", "Scene above (shift and up arrow key)", "↑"),
        button("down", "Scene below (shift and down arrow key)", "↓"),
      )
    : "";
  const alone = twin ? make("button", { type: "button", "data-action": "alone" }, "Without the twin") : "";
  return make("div", { class: "bar" }, moves, make("span", { class: "ends" }, alone, make("button", { type: "button", "data-action": "close" }, "Close")));
};

const mark = (record) => {
  for (const one of document.querySelectorAll("td > a[aria-current]")) one.removeAttribute("aria-current");
  if (record) gridOf(record)?.reveal(record.client, record.scene);
  const link = record && linkOf(record);
  if (link) {
    link.setAttribute("aria-current", "true");
    gridOf(record).rove(link);
    if (!pageBody.inert) link.scrollIntoView({ block: "center", inline: "center" });
  }
};

const show = (record, beside, sentence) => {
  const twin = record && beside ? trials.get(cellName(record.client, record.twin)) : null;
  const body = !record
    ? make("article", { class: "trace" }, make("h2", { id: "trace-title", tabindex: "-1" }, "There is no such cell"), make("p", {}, sentence))
    : twin
      ? make("div", { class: "pair" }, trace(record, "trace-title", false), trace(twin, "twin-title", false))
      : trace(record, "trace-title", true);
  panel.replaceChildren(bar(record, twin), body);
  panel.hidden = false;
  document.body.classList.add("open");
  document.body.classList.toggle("wide", Boolean(twin));
  cover();
  mark(record);
  const title = document.getElementById("trace-title");
  document.title = `${title.textContent} – The atlas`;
  panel.scrollTop = 0;
  title.focus({ preventScroll: true });
};

const hide = () => {
  if (panel.hidden) return;
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove("open", "wide");
  cover();
  document.title = "The atlas: every client, every attack, every rotation";
  const record = trials.get(opened);
  // What the filters hide takes no focus.
  const back = [returnTo, record && linkOf(record)].find((one) => one && one.isConnected && one.getClientRects().length);
  mark(null);
  const place = back || document.getElementById("matrix-title");
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest", inline: "nearest" });
  returnTo = null;
};

// Where the panel covers the page, what is beneath it is out of reach.
const cover = () => {
  pageBody.inert = !panel.hidden && (narrow.matches || document.body.classList.contains("wide"));
};
narrow.addEventListener("change", cover);

// A part of the page; one that is closed opens, and whatever covers the page goes.
const arrive = (part) => {
  if (panel.contains(document.activeElement)) close();
  if (part.matches("summary")) part.parentElement.open = true;
  part.scrollIntoView();
  part.focus({ preventScroll: true });
};

const follow = () => {
  const { place, query } = readAddress();
  for (const grid of grids) grid.read(query);
  if (!place || document.getElementById(place)) {
    hide();
    opened = "";
    if (place) arrive(document.getElementById(place));
    return;
  }
  const record = trials.get(place);
  opened = place;
  show(record, query.get("beside") === "twin", `This page has no trial named “${place}”. An address is CLIENT/SCENE, as in a cell's link; the client or the scene may have another name, or was left out when the page was made.`);
};

const open = (place, inPlace = false) => {
  goTo(withPlace(place), inPlace);
  follow();
};

const close = () => {
  goTo(withPlace(""));
  follow();
};

const neighbour = (move) => {
  const record = trials.get(opened);
  const link = record && linkOf(record);
  if (!link || !link.getClientRects().length) return;
  const next = gridOf(record).step(link, move);
  if (next === link) return;
  returnTo = next;
  open(decodeURIComponent(next.hash.slice(1)), true);
};

const actions = {
  close,
  left: () => neighbour([0, -1]),
  right: () => neighbour([0, 1]),
  up: () => neighbour([-1, 0]),
  down: () => neighbour([1, 0]),
  beside: () => {
    const { place, query } = readAddress();
    query.set("beside", "twin");
    goTo({ place, query });
    follow();
  },
  alone: () => open(opened),
};

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]");
  if (action) return actions[action.dataset.action]();
  const link = event.target.closest('a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return undefined;
  const place = decodeURIComponent(link.hash.slice(1));
  const part = document.getElementById(place);
  if (!part && !trials.has(place)) return undefined;
  event.preventDefault(); // the filters stay in the address
  if (part) return arrive(part);
  if (!panel.contains(link)) returnTo = link;
  return open(place);
});

document.addEventListener("keydown", (event) => {
  if (panel.hidden || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") return void close();
  if (!panel.contains(event.target) || event.target.closest("pre, input, select")) return;
  const sideways = { ArrowLeft: "left", ArrowRight: "right" };
  const upright = { ArrowUp: "up", ArrowDown: "down" };
  const action = event.shiftKey ? upright[event.key] : sideways[event.key];
  if (!action) return;
  event.preventDefault();
  actions[action]();
});

addEventListener("popstate", follow);
follow();
