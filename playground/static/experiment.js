// The state of the page: what was chosen. It is kept in the fragment of the address, and gives the experiment as YAML.

// typedName stands for round trips that are typed, among the names of topologies. Links that people have kept have it.
export const typedName = "round-trips.yaml";

export const initial = () => ({
  topology: "aws-2020-06-05",
  regions: ["us-east-1", "eu-west-1", "ap-northeast-1"],
  typed: "paris virginia 80ms\nparis tokyo 220ms\nvirginia tokyo 155ms",
  protocols: { raft: {}, multipaxos: {}, mmp3: {} }, // by name: {leader, options: {name: text}}
  rate: 110,
  duration: 10,
  conflicts: 0,
  loss: 0,
  jitter: false,
  fault: "none",
  faultRegion: "",
  seed: 1,
});

export function fragmentOf(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// stateOf reads a fragment; what it does not have, or has of another type, stays as it is initially.
export function stateOf(fragment) {
  const state = initial();
  if (!fragment) return state;
  try {
    const bytes = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const given = JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
    for (const key of Object.keys(state)) {
      const value = given[key];
      if (typeof value === typeof state[key] && value !== null && Array.isArray(value) === Array.isArray(state[key])) state[key] = value;
    }
    state.regions = state.regions.filter((r) => typeof r === "string");
  } catch {
    return initial();
  }
  return state;
}

// typedPairs reads round trips, one a line, and returns {pairs, regions}; it throws an error that names the line.
export function typedPairs(text) {
  const pairs = [];
  const regions = [];
  text.split("\n").forEach((line, i) => {
    const words = line.trim().split(/[\s,]+/).filter(Boolean);
    if (words.length === 0) return;
    const [from, to, time] = words;
    if (words.length !== 3 || !/^\d+(\.\d+)?(us|µs|ms|s)$/.test(time) || from === to) {
      throw new Error(`round trips, line ${i + 1}: found “${line.trim()}”; accepted: two different names and a time, such as paris nairobi 140ms`);
    }
    if (pairs.some((p) => (p.from === from && p.to === to) || (p.from === to && p.to === from))) {
      throw new Error(`round trips, line ${i + 1}: found ${from} and ${to} a second time; accepted: each pair once`);
    }
    for (const r of [from, to]) if (!regions.includes(r)) regions.push(r);
    pairs.push({ from, to, time });
  });
  return { pairs, regions };
}

export const quoted = (s) => (/^[A-Za-z][A-Za-z0-9._-]*$/.test(s) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(s) ? s : JSON.stringify(s));

// topologyLines write the topology: the name of one that is known, or the round trips that were typed, a line for each region.
function topologyLines(state) {
  if (state.topology !== typedName) return [`topology: ${quoted(state.topology)}`];
  const { pairs, regions } = typedPairs(state.typed);
  const lines = ["topology:", "  source: typed into the playground", "  rtt:"];
  for (const r of regions) {
    const others = pairs.filter((p) => p.from === r).map((p) => `${quoted(p.to)}: ${p.time}`);
    if (others.length > 0) lines.push(`    ${quoted(r)}: {${others.join(", ")}}`);
  }
  return lines;
}

export const regionsOf = (state) => (state.topology === typedName ? typedPairs(state.typed).regions : state.regions);

// yamlOf writes the experiment.
export function yamlOf(state, known) {
  const regions = regionsOf(state);
  const lines = [
    "name: playground",
    ...topologyLines(state),
    `regions: [${regions.map(quoted).join(", ")}]`,
    "protocols:",
  ];
  for (const p of known) {
    const chosen = state.protocols[p.name];
    if (!chosen) continue;
    const parts = [`name: ${p.name}`];
    if (p.has_leader && regions.length > 0) parts.push(`leader: ${quoted(regions.includes(chosen.leader) || chosen.leader === "auto" ? chosen.leader : regions[0])}`);
    const options = Object.entries(chosen.options ?? {}).filter(([name, text]) => text !== "" && p.options.some((o) => o.name === name));
    if (options.length > 0) parts.push(`options: {${options.map(([name, text]) => `${name}: ${JSON.stringify(text)}`).join(", ")}}`);
    lines.push(parts.length === 1 ? `  - ${p.name}` : `  - {${parts.join(", ")}}`);
  }
  const conflicts = state.conflicts > 0 ? `, conflicts: ${state.conflicts}%` : "";
  lines.push(
    "world: sim",
    "load:",
    "  arrivals: poisson",
    `  rate: ${state.rate}/s`,
    `  duration: ${state.duration}s`,
    "  warmup: 1s",
    `  keys: {count: 1000000${conflicts}}`,
  );
  const faulty = state.fault !== "none" && regions.length > 0;
  if (faulty) lines.push("  retry: 1s  # after which a client asks the next region's replica");
  if (state.jitter || state.loss > 0) {
    lines.push(`network: {${[state.jitter ? "jitter: true" : "", state.loss > 0 ? `loss: ${state.loss}%` : ""].filter(Boolean).join(", ")}}`);
  }
  if (faulty) {
    const region = regions.includes(state.faultRegion) ? state.faultRegion : regions[0];
    const third = Math.max(1, Math.round(state.duration / 3));
    const verb = state.fault === "crash" ? "crash" : "isolate";
    lines.push("faults:", `  - {at: ${Math.max(1, Math.round(state.duration / 4))}s, ${verb}: ${quoted(region)}, for: ${third}s}`);
  }
  lines.push(`seed: ${state.seed}`);
  return lines.join("\n") + "\n";
}
