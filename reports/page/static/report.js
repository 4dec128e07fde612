// The report: what is chosen above the figures, the figures, the table, and the writes to step through.
import { el, ms, byId } from "./dom.js";
import { Stepper } from "./step.js";
import { drawBars, drawCurves, drawTimeline, drawSweep, drawStages } from "./charts.js";

const data = JSON.parse(byId("data").textContent);
const mostAtFirst = 8; // regions
const kinds = [...new Set(data.rows.map((r) => r.kind))]; // of operations, as in "write"
const state = {
  percentile: 0, service: false, kind: kinds[0] ?? "write", point: 0, aboveFloor: false,
  regions: new Set([...data.regions.keys()].slice(0, mostAtFirst)), protocols: new Set(data.protocols.keys()),
};

// viewOf is what the figures draw: the rows that are chosen, and how their times are named.
function viewOf() {
  const chosen = data.rows.filter((r) => r.kind === state.kind && state.regions.has(r.region) && state.protocols.has(r.protocol));
  const times = (row) => (state.service ? row.service : row.response);
  return {
    data, times, service: state.service, kind: state.kind, aboveFloor: state.aboveFloor && state.kind === "write",
    above: state.aboveFloor && state.kind === "write" ? ", above the floor" : "",
    width: Math.max(300, Math.min(1240, byId("charts").clientWidth)),
    rows: chosen.filter((r) => r.point === state.point), allPoints: chosen,
    regions: [...state.regions].sort((a, b) => a - b), protocols: [...state.protocols].sort((a, b) => a - b),
    cell: (row) => times(row).cells[state.percentile],
    percentileName: `p${data.percentiles[state.percentile]}`,
    timeName: state.service ? "service time" : data.time_name,
  };
}

function draw() {
  const view = viewOf();
  const box = byId("charts");
  box.replaceChildren();
  if (view.rows.length === 0) {
    box.append(el("p", {}, "Nothing is chosen, or it has not run."));
  } else {
    if (data.swept) drawSweep(box, view, false);
    if (data.swept === "load.rate" || data.swept === "load.clients") drawSweep(box, view, true);
    drawBars(box, view);
    drawCurves(box, view);
    drawTimeline(box, view);
    drawStages(box, view);
  }
  if (data.faults.length > 0) for (const title of box.querySelectorAll("h3")) title.append(", with faults");
  byId("time-name").textContent = view.timeName;
  for (const tr of byId("rows").tBodies[0].rows) {
    const row = data.rows[tr.dataset.row];
    tr.hidden = row.kind !== state.kind || !state.regions.has(row.region) || !state.protocols.has(row.protocol);
    [...tr.querySelectorAll(".cell")].forEach((td, i) => {
      const cell = view.times(row).cells[i];
      td.textContent = cell.text;
      td.title = [cell.why, cell.interval].filter(Boolean).join("; ");
      td.className = `cell ${cell.state}`;
      td.dataset.ns = cell.ns;
    });
  }
  for (const tr of byId("crashes")?.tBodies[0].rows ?? []) {
    const row = data.crashes[tr.dataset.row];
    tr.hidden = !state.protocols.has(row.protocol) || (row.region >= 0 && !state.regions.has(row.region));
  }
}

// choice is a select of the state's values.
function choice(name, key, options) {
  const select = el("select", { id: `choose-${key}`, onchange: (e) => ((state[key] = options[e.target.value][0]), draw()) },
    ...options.map(([value, text], i) => el("option", { value: i, selected: value === state[key] }, text)));
  return el("label", {}, `${name} `, select);
}

// boxes are a box for each of the state's set.
function boxes(name, key, names, mark) {
  return el("fieldset", { id: `choose-${key}` }, el("legend", {}, name), ...names.map((text, i) => el("label", { class: "check" },
    el("input", { type: "checkbox", checked: state[key].has(i), onchange: (e) => ((e.target.checked ? state[key].add(i) : state[key].delete(i)), draw()) }),
    mark ? el("span", { class: `swatch c${data.styles[i] % 8}` }) : "", ` ${text}`)));
}

function drawChoices() {
  const times = data.time_name === "service time" ? [[false, "service time"]] : [[false, "response time: from the intended arrival"], [true, "service time: from when it was sent"]];
  byId("choices").replaceChildren(...[
    choice("Percentile", "percentile", data.percentiles.map((p, i) => [i, `p${p}`])),
    times.length > 1 ? choice("Time", "service", times) : null,
    kinds.some((kind) => kind !== "write") ? choice("Of", "kind", kinds.map((kind) => [kind, `${kind}s`])) : null,
    data.swept ? choice(data.swept, "point", data.points.map((p, i) => [i, p])) : null,
    choice("Curves from", "aboveFloor", [[false, "zero"], [true, "the floor"]]),
    boxes("Protocols", "protocols", data.protocols, true),
    boxes("Regions", "regions", data.regions, false),
  ].filter(Boolean));
  byId("choices").hidden = byId("hint").hidden = false;
}

// valueOf is what a column of the table is sorted by.
function valueOf(row, column) {
  switch (column) {
    case "protocol": return data.protocols[row.protocol];
    case "region": return data.regions[row.region];
    case "point": return row.point;
    case "kind": return kinds.indexOf(row.kind);
  }
  return column in row ? row[column] : (state.service ? row.service : row.response).cells[column].ns;
}

// sortable makes a click on a head sort the rows of a table. At is what a row has in the column of a head: a number or a text.
function sortable(table, at) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  for (const head of heads) {
    const button = el("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => {
        const [x, y] = [at(a, head), at(b, head)];
        return (typeof x === "string" ? x.localeCompare(y, "en") : x - y) || a.dataset.row - b.dataset.row;
      };
      body.append(...[...body.rows].sort((a, b) => (down ? -order(a, b) : order(a, b))));
    });
  }
}

// cellOf is what a row has below a head: the number of its data-value, or its text.
function cellOf(tr, head) {
  const cell = tr.cells[head.cellIndex];
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

function steps() {
  if (!data.told || !byId("step")) return;
  const writes = data.told.writes;
  const stepper = new Stepper();
  const different = (of) => [...new Set(writes.map(of))];
  const fill = (id, names, first) => byId(id).replaceChildren(...names.map((n) => el("option", { value: n, selected: n === first }, n)));
  const regions = different((w) => w.region);
  fill("step-protocol", different((w) => w.protocol));
  fill("step-region", regions, regions[regions.length > 1 ? 1 : 0]);
  const show = () => {
    const [protocol, region, pick] = ["step-protocol", "step-region", "step-pick"].map((id) => byId(id).value);
    const write = writes.find((w) => w.protocol === protocol && w.region === region && w.pick === pick);
    stepper.show(write ?? null);
    if (!write) byId("telling").textContent = "No write from there was answered.";
    const row = data.rows.find((r) => r.kind === "write" && data.protocols[r.protocol] === protocol && data.regions[r.region] === region && data.points[r.point] === data.told.point);
    const where = data.told.point ? ` at ${data.swept} ${data.told.point}` : "";
    const median = row && row.response.cells[0].ns ? ` The median of the result is ${row.response.cells[0].text}.` : "";
    byId("provenance").textContent = data.told.exact
      ? `This write is one of the result's${where}: the run was played once more, with the same seed.${median}`
      : data.world === "live"
        ? `This write is simulated${where}: of a live run, messages are not recorded. It shows the same protocol over the same links, without processing time.${median}`
        : `This write is one of the first ${ms(data.told.length_ns)} of the load${where}, which were played once more.${median}`;
  };
  for (const id of ["step-protocol", "step-region", "step-pick"]) byId(id).addEventListener("change", show);
  show();
}

drawChoices();
sortable(byId("rows"), (tr, head) => valueOf(data.rows[tr.dataset.row], head.dataset.key));
if (byId("crashes")) sortable(byId("crashes"), cellOf);
draw();
steps();
let width = byId("charts").clientWidth;
new ResizeObserver(() => {
  if (byId("charts").clientWidth === width) return;
  width = byId("charts").clientWidth;
  draw();
}).observe(byId("charts"));
addEventListener("beforeprint", () => (byId("experiment").open = true));
document.body.dataset.drawn = "yes";
