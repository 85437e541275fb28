// The page's data: every value was written once, children before parents. See packed.py.
const unpack = (table) => {
  const made = [];
  for (const one of table) {
    if (Array.isArray(one)) made.push(one.map((index) => made[index]));
    else if (one && typeof one === "object") {
      made.push(Object.fromEntries(Object.entries(one).map(([name, index]) => [name, made[index]])));
    } else made.push(one);
  }
  return made[made.length - 1];
};

const data = unpack(JSON.parse(document.getElementById("data").textContent));

const cellName = (client, scene) => `${client}/${scene}`;
const trials = new Map();
for (const played of [data.profiles, data.matrix]) {
  for (const one of played ? played.trials : []) trials.set(cellName(one.client, one.scene), one);
}
const byName = (...lists) => new Map(lists.flatMap((list) => list || []).map((one) => [one.name, one]));
const clients = byName(data.list.profiles, data.list.further, data.list.clients);
const scenes = byName(data.list.slips, data.list.scenes);

// The only way in which this script writes to the page: text stays text.
const make = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
};

const outcomeMark = (outcome) => {
  const glyph = make("span", { class: "glyph", "aria-hidden": "true" }, data.outcomes[outcome].glyph);
  return make("span", { class: `outcome ${outcome}` }, glyph, " ", outcome);
};
