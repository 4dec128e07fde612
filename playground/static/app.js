// The page: reads what was chosen, asks the worker for floors, runs and steps, and shows what it answers.
import { byId, el, svg, ms } from "./dom.js";
import { initial, stateOf, fragmentOf, yamlOf, regionsOf, typedName } from "./experiment.js";
import { drawBars, drawTable } from "./figure.js";
import { Stepper } from "./step.js";
import { places } from "./regions.js";
import { land } from "./land.js";

const worker = new Worker("worker.js");
const waiting = new Map();
let calls = 0;

// ask calls a function of the worker and returns its answer.
function ask(call, args, onShare) {
  return new Promise((resolve, reject) => {
    const id = ++calls;
    waiting.set(id, { resolve, reject, onShare });
    worker.postMessage({ id, call, args });
  });
}

worker.onmessage = ({ data: { id, value, error, share } }) => {
  const one = waiting.get(id);
  if (share !== undefined) {
    one.onShare?.(share);
    return;
  }
  waiting.delete(id);
  if (error !== undefined) one.reject(new Error(error));
  else one.resolve(JSON.parse(value));
};

let state = stateOf(location.hash.slice(1));
let about = { topologies: [], protocols: [] };
let ran = null; // {yaml, result} of the last run
const stepper = new Stepper();

const topology = () => about.topologies.find((t) => t.name === state.topology);

function problem(error) {
  byId("problem").hidden = !error;
  byId("problem").textContent = error ? error.message.replace(/^experiment\.yaml:\d+:\d+: /, "") : "";
}

// changed keeps the state in the address, and shows the experiment and its floors.
let planning = 0;
async function changed() {
  const fragment = fragmentOf(state);
  history.replaceState(null, "", fragment === fragmentOf(initial()) ? location.pathname + location.search : `#${fragment}`);
  drawSetup();
  let yaml;
  try {
    yaml = yamlOf(state, about.protocols);
  } catch (error) {
    problem(error);
    return;
  }
  byId("yaml").textContent = yaml;
  byId("save-yaml").href = `data:text/yaml;charset=utf-8,${encodeURIComponent(yaml)}`;
  const mine = ++planning;
  try {
    const plan = await ask("plan", [yaml]);
    if (mine !== planning) return;
    problem(null);
    showFloors(plan);
  } catch (error) {
    if (mine === planning) problem(error);
  }
}

// showFloors shows, before a run, what physics allows.
function showFloors(plan) {
  if (ran && ran.yaml === byId("yaml").textContent) return;
  const cells = plan.clients.map((region, i) =>
    el("tr", {}, el("th", { scope: "row" }, region), ...plan.protocols.map((p) => el("td", {}, ms(p.floors_ns[i])))));
  byId("figure").replaceChildren();
  byId("legend").textContent = "";
  byId("warnings").replaceChildren();
  byId("save-run").hidden = true;
  byId("took").textContent = "";
  byId("table-box").replaceChildren(el("table", { id: "floors" },
    el("caption", {}, "The floor: the least that a write can take on these links. Press Run for simulated percentiles."),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "region"), ...plan.protocols.map((p) => el("th", { scope: "col" }, p.label)))), el("tbody", {}, ...cells)));
}

function drawMap() {
  const t = topology();
  byId("map-box").hidden = !t;
  byId("typed").hidden = !!t;
  byId("source").textContent = t ? `${t.description}, measured ${t.measured}` : "";
  if (!t) {
    if (document.activeElement !== byId("round-trips")) byId("round-trips").value = state.typed;
    return;
  }
  const at = (name) => [(places[name][1] + 180) * 2, (84 - places[name][2]) * 2];
  const parts = [svg("path", { class: "land", d: land })];
  const chosen = state.regions.filter((r) => places[r]);
  chosen.forEach((a, i) => chosen.slice(0, i).forEach((b) => {
    const [x1, y1] = at(a), [x2, y2] = at(b);
    const rtt = t.round_trips_ns[t.regions.indexOf(a)][t.regions.indexOf(b)];
    parts.push(svg("line", { class: "link", x1, y1, x2, y2 }));
    if (chosen.length <= 4) parts.push(svg("text", { class: "rtt", x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 4, "text-anchor": "middle" }, `${Math.round(rtt / 1e6)} ms`));
  }));
  for (const region of t.regions.filter((r) => places[r]).sort((a, b) => state.regions.includes(a) - state.regions.includes(b))) {
    const [x, y] = at(region);
    const on = state.regions.includes(region);
    const toggle = () => {
      state.regions = on ? state.regions.filter((r) => r !== region) : [...state.regions, region];
      changed();
      byId("map").querySelector(`[data-region="${region}"]`)?.focus();
    };
    parts.push(svg("g", {
      class: `place${on ? " on" : ""}`, role: "checkbox", "aria-checked": String(on), tabindex: "0", "data-region": region, "aria-label": `${region}, ${places[region][0]}`,
      onclick: toggle, onkeydown: (e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), toggle()),
    }, svg("title", {}, `${region} · ${places[region][0]}`), svg("circle", { class: "hit", cx: x, cy: y, r: 9 }), svg("circle", { class: "dot", cx: x, cy: y, r: on ? 6 : 4 }),
    on ? svg("text", { x: x + (x > 620 ? -9 : 9), y: y + 4, "text-anchor": x > 620 ? "end" : "start" }, places[region][0]) : undefined));
  }
  byId("map").replaceChildren(...parts);
}

function safeRegions() {
  try {
    return regionsOf(state);
  } catch {
    return [];
  }
}

const choices = (select, all, value) => {
  select.replaceChildren(...all.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));
  select.value = value;
};

function drawSetup() {
  const regions = safeRegions();
  choices(byId("topology"), [...about.topologies.map((t) => [t.name, `${t.name}, ${t.regions.length} regions`]), [typedName, "round trips that I type"]], state.topology);
  drawMap();
  byId("chosen").replaceChildren(...(topology() ? state.regions.map((r) =>
    el("button", { class: "chip", title: `remove ${r}`, onclick: () => ((state.regions = state.regions.filter((o) => o !== r)), changed()) }, r, el("span", { "aria-hidden": "true" }, " ×"))) : []));
  for (const [id, key] of [["rate", "rate"], ["duration", "duration"], ["conflicts", "conflicts"], ["loss", "loss"], ["seed", "seed"]]) {
    if (document.activeElement !== byId(id)) byId(id).value = state[key];
  }
  byId("jitter").checked = state.jitter;
  byId("fault").value = state.fault;
  byId("fault-at").hidden = state.fault === "none";
  choices(byId("fault-region"), regions.map((r) => [r, r]), regions.includes(state.faultRegion) ? state.faultRegion : regions[0]);
  drawProtocols(regions);
}

function drawProtocols(regions) {
  const box = byId("protocols");
  if (box.contains(document.activeElement) && document.activeElement.matches("input[type=text]")) return;
  const focused = document.activeElement?.id;
  const lines = about.protocols.map((p) => {
    const chosen = state.protocols[p.name];
    const line = el("div", { class: "protocol" }, el("label", { class: "check", title: p.summary },
      el("input", {
        type: "checkbox", id: `p-${p.name}`, checked: !!chosen,
        onchange: (e) => (e.target.checked ? (state.protocols[p.name] = {}) : delete state.protocols[p.name], changed()),
      }), ` ${p.name}`));
    if (!chosen) return line;
    if (p.has_leader) {
      const select = el("select", { id: `leader-${p.name}`, "aria-label": `leader of ${p.name}`, onchange: (e) => ((chosen.leader = e.target.value), changed()) });
      choices(select, [...regions.map((r) => [r, r]), ["auto", "the best place"]], regions.includes(chosen.leader) || chosen.leader === "auto" ? chosen.leader : regions[0]);
      line.append(el("label", {}, "leader ", select));
    }
    if (p.options.length > 0) {
      line.append(el("details", { open: Object.values(chosen.options ?? {}).some((t) => t !== "") }, el("summary", {}, "options"), ...p.options.map((o) =>
        el("label", { title: o.help }, `${o.name} `, el("input", {
          type: "text", id: `o-${p.name}-${o.name}`, placeholder: o.default, value: chosen.options?.[o.name] ?? "", "aria-description": `${o.help}; accepted: ${o.accepted}`,
          onchange: (e) => ((chosen.options = { ...chosen.options, [o.name]: e.target.value.trim() }), changed()),
        }), el("span", { class: "remark" }, o.accepted)))));
    }
    return line;
  });
  box.replaceChildren(el("legend", {}, "Protocols, leaders, quorums"), ...lines);
  if (focused) byId(focused)?.focus();
}

async function run() {
  let yaml;
  try {
    yaml = yamlOf(state, about.protocols);
  } catch (error) {
    problem(error);
    return;
  }
  byId("run").disabled = true;
  byId("progress").hidden = false;
  byId("progress").value = 0;
  byId("status").textContent = "Simulating…";
  try {
    const { run_json, styles, invalid, took_ns } = await ask("run", [yaml], (share) => (byId("progress").value = share));
    const result = { ...JSON.parse(run_json), styles };
    ran = { yaml, result };
    problem(null);
    showResult(result, run_json, invalid ?? [], took_ns);
    byId("status").textContent = "Done.";
    await step();
  } catch (error) {
    problem(error);
    byId("status").textContent = "";
  } finally {
    byId("run").disabled = false;
    byId("progress").hidden = true;
  }
}

function showResult(result, text, invalid, took) {
  byId("warnings").replaceChildren(...invalid.map((text) => el("p", {}, text)));
  drawBars(byId("figure"), result);
  const faults = (result.runs[0].faults ?? []).map((f) => `${(f.at_ns / 1e9).toFixed(1)} s ${f.text}`).join("; ");
  byId("legend").textContent = (faults ? `With a fault: ${faults}. ` : "") + "Bar: median. Thin line: up to the 99th percentile. Mark across: the floor. Not on a real network: no processing, no queues but the links'.";
  drawTable(byId("table-box"), result);
  const checks = result.runs.flatMap((r) => r.checks ?? []);
  const passed = checks.filter((c) => c.verdict === "passed").length;
  byId("took").textContent = `${(took / 1e9).toFixed(1)} s of computing; ${passed} of ${checks.length} checks passed; fingerprint ${result.fingerprint.slice(0, 12)}`;
  const save = byId("save-run");
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  save.hidden = false;
  document.body.dataset.fingerprint = result.fingerprint;
  const labels = result.experiment.protocols.map((p) => p.label);
  const clients = result.runs[0].regions.map((r) => r.region);
  choices(byId("step-protocol"), labels.map((l) => [l, l]), labels.includes(byId("step-protocol").value) ? byId("step-protocol").value : labels[0]);
  choices(byId("step-region"), clients.map((c) => [c, c]), clients.includes(byId("step-region").value) ? byId("step-region").value : clients[clients.length > 1 ? 1 : 0]);
}

async function step() {
  if (!ran) return;
  try {
    stepper.show(await ask("step", [ran.yaml, byId("step-protocol").value, byId("step-region").value, byId("step-pick").value]));
  } catch (error) {
    stepper.show(null);
    byId("telling").textContent = error.message;
  }
}

async function copy(button, text) {
  const was = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser refused; select and copy";
  }
  setTimeout(() => (button.textContent = was), 1500);
}

function listen() {
  byId("run").addEventListener("click", run);
  byId("topology").addEventListener("change", (e) => {
    state.topology = e.target.value;
    state.regions = topology()?.regions.slice(0, 3) ?? state.regions;
    changed();
  });
  byId("round-trips").addEventListener("input", (e) => ((state.typed = e.target.value), changed()));
  for (const id of ["rate", "duration", "conflicts", "loss", "seed"]) {
    byId(id).addEventListener("input", (e) => {
      if (e.target.value === "" || !e.target.checkValidity()) {
        problem(new Error(`${e.target.parentElement.firstChild.textContent.trim()}: found “${e.target.value}”; accepted: from ${e.target.min}${e.target.max ? ` to ${e.target.max}` : ""}`));
        return;
      }
      state[id] = Number(e.target.value);
      changed();
    });
  }
  byId("jitter").addEventListener("change", (e) => ((state.jitter = e.target.checked), changed()));
  byId("fault").addEventListener("change", (e) => ((state.fault = e.target.value), changed()));
  byId("fault-region").addEventListener("change", (e) => ((state.faultRegion = e.target.value), changed()));
  for (const id of ["step-protocol", "step-region", "step-pick"]) byId(id).addEventListener("change", step);
  byId("copy-yaml").addEventListener("click", (e) => copy(e.target, byId("yaml").textContent));
  byId("copy-link").addEventListener("click", (e) => copy(e.target, location.href));
  addEventListener("hashchange", () => ((state = stateOf(location.hash.slice(1))), changed()));
  new ResizeObserver(() => ran && byId("figure").firstChild && drawBars(byId("figure"), ran.result)).observe(byId("results"));
}

try {
  about = await ask("about", []);
  listen();
  byId("run").disabled = false;
  byId("status").textContent = "";
  await changed();
  await run();
} catch (error) {
  byId("status").textContent = "";
  problem(error);
}
