// The page of a run that is under way: asks twice a second how it goes.
const byId = (id) => document.getElementById(id);
const make = (name, text) => {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
};
const ms = (ns) => (ns > 0 ? `${(ns / 1e6).toFixed(1)} ms` : "–");
const seconds = (ns) => (ns < 0 ? "not known yet" : ns >= 600e9 ? `${Math.round(ns / 60e9)} min` : `${Math.round(ns / 1e9)} s`);
const named = (p) => (p.point ? `${p.protocol} at ${p.point}` : p.protocol);

let run = -1;
let course = []; // of the run that is under way: {at, p50, p99}

function show({ now, done, ended }) {
  if (now) {
    if (now.run !== run) {
      run = now.run;
      course = [];
    }
    if (now.p50_ns > 0) course.push({ at: now.elapsed_ns, p50: now.p50_ns, p99: now.p99_ns });
    byId("state").textContent = `Run ${now.run + 1} of ${now.runs}: ${named(now)}, ${now.phase}`;
    byId("share").value = (now.run + now.elapsed_ns / Math.max(1, now.length_ns)) / now.runs;
    byId("states").replaceChildren(...[
      ["repeat", now.repeat + 1], ["of this run", `${(now.elapsed_ns / 1e9).toFixed(1)} of ${(now.length_ns / 1e9).toFixed(1)} s`], ["left in all", seconds(now.left_ns)],
      ["issued", now.issued.toLocaleString("en")], ["operations/s", Math.round(now.rate).toLocaleString("en")], ["p50 so far", ms(now.p50_ns)], ["p99 so far", ms(now.p99_ns)],
    ].flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
    draw(now.length_ns);
  }
  byId("done").tBodies[0].replaceChildren(...done.map((p) => {
    const row = document.createElement("tr");
    row.append(make("th", p.run + 1), ...[named(p), p.issued.toLocaleString("en"), Math.round(p.rate).toLocaleString("en"), ms(p.p50_ns), ms(p.p99_ns)].map((text) => make("td", text)));
    return row;
  }));
  if (ended) {
    byId("live-title").textContent = "Over";
    byId("state").textContent = ended;
    byId("share").value = 1;
    document.body.dataset.ended = "yes";
  }
}

// draw draws the percentiles so far over the time of the run.
function draw(length) {
  const width = 900, height = 220, left = 60;
  const most = Math.max(...course.flatMap((c) => [c.p50, c.p99])) * 1.1;
  if (course.length < 2 || !(most > 0)) {
    byId("course").replaceChildren();
    return;
  }
  const space = "http://www.w3.org/2000/svg";
  const part = (name, attributes, text) => {
    const element = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    return element;
  };
  const x = (at) => left + ((width - left - 10) * at) / length;
  const y = (ns) => 190 - (180 * ns) / most;
  const line = (key) => part("polyline", { class: key, points: course.filter((c) => c[key] > 0).map((c) => `${x(c.at).toFixed(1)},${y(c[key]).toFixed(1)}`).join(" ") });
  const svg = part("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "p50, solid, and p99, dashed, so far over the time of this run; the list above has their last values" });
  svg.append(part("line", { class: "grid", x1: left, x2: width, y1: 190, y2: 190 }), part("text", { x: left - 6, y: 194, "text-anchor": "end" }, "0"),
    part("text", { x: left - 6, y: 22, "text-anchor": "end" }, ms(most / 1.1)), part("text", { x: width, y: 210, "text-anchor": "end" }, `${(length / 1e9).toFixed(1)} s`),
    part("text", { x: left, y: 210 }, "p50 solid, p99 dashed, of all that was measured so far"), line("p50"), line("p99"));
  byId("course").replaceChildren(svg);
}

let failures = 0;
async function poll() {
  try {
    const response = await fetch("/status.json");
    if (!response.ok) throw new Error(`the server says ${response.status}`);
    show(await response.json());
    failures = 0;
  } catch {
    if (++failures > 3) {
      byId("state").textContent = "The run does not answer any more: it is over, or was stopped.";
      return;
    }
  }
  if (!document.body.dataset.ended) setTimeout(poll, 500);
}
poll();
