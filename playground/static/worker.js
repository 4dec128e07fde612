// The worker runs quorumbench, compiled to WebAssembly, so that the page stays alive meanwhile. It answers messages
// {id, call, args} with {id, value} or {id, error}, and tells {id, share} how much of a run is done.
importScripts("wasm_exec.js");

const ready = new Promise((resolve) => {
  self.quorumbenchReady = resolve;
});

async function load() {
  const response = await fetch("quorumbench.wasm.gz");
  if (!response.ok) throw new Error(`loading quorumbench.wasm.gz: the server says ${response.status}`);
  let bytes = await response.arrayBuffer();
  const begin = new Uint8Array(bytes, 0, 2);
  if (begin[0] === 0x1f && begin[1] === 0x8b) {
    // The server has sent the file as it is.
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = await new Response(stream).arrayBuffer();
  }
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(bytes, go.importObject);
  go.run(instance);
  await ready;
}

const loaded = load();

self.onmessage = async ({ data: { id, call, args } }) => {
  try {
    await loaded;
    const extra = call === "run" ? [(share) => self.postMessage({ id, share })] : [];
    const { value, error } = self.quorumbench[call](...args, ...extra);
    self.postMessage(error === undefined ? { id, value } : { id, error });
  } catch (failure) {
    self.postMessage({ id, error: String(failure.message ?? failure) });
  }
};
