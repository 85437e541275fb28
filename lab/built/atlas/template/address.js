// What the page shows is in its address, after the #: CLIENT/SCENE?name=value&...
// A link to it shows the same; an address that means nothing gets a sentence.
const readAddress = () => {
  const whole = location.hash.slice(1);
  const cut = whole.indexOf("?");
  const place = cut < 0 ? whole : whole.slice(0, cut);
  const query = new URLSearchParams(cut < 0 ? "" : whole.slice(cut + 1));
  let decoded = place;
  try {
    decoded = decodeURIComponent(place);
  } catch {
    // A stray % is no encoding; the place is then looked up as it stands.
  }
  return { place: decoded, query };
};

const writeAddress = ({ place, query }) => {
  const asked = query.toString().replaceAll("%2C", ",");
  return `#${encodeURI(place)}${asked ? `?${asked}` : ""}`;
};

// A change that is a step for the back button, or (in place) none.
const goTo = (address, inPlace = false) => {
  const target = writeAddress(address);
  if (target === (location.hash || "#")) return;
  history[inPlace ? "replaceState" : "pushState"](null, "", target);
};

const withPlace = (place) => {
  const { query } = readAddress();
  query.delete("beside");
  return { place, query };
};

const cellLink = (client, scene, ...children) =>
  make("a", { href: `#${encodeURI(cellName(client, scene))}`, "data-cell": cellName(client, scene) }, ...children);
