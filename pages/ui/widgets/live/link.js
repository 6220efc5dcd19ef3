// A button that copies the address bar, which holds the settings of the page.

const QUIET = 300; // ms without a run of the page after which the last change is in the address: a slider waits 200
const PATIENCE = 4000; // ms: 5 s after a click a browser no longer lets it write to the clipboard

export default ({ data, parentElement }) => {
  const [button, box, said] = ["button", "input", "span"].map((name) => parentElement.querySelector(name));
  button.onclick = async () => {
    await settled();
    box.value = data.address + location.search;
    const copied = await copy(box.value);
    box.hidden = copied;
    if (!copied) box.select();
    said.textContent = copied ? "Copied" : "Press Ctrl+C or ⌘C";
    setTimeout(() => (said.textContent = ""), 4000);
  };
};

async function settled() {
  const app = document.querySelector("[data-testid=stApp]");
  const start = performance.now();
  let busy = start;
  while (performance.now() - busy < QUIET && performance.now() - start < PATIENCE) {
    await new Promise((go) => setTimeout(go, 30));
    if (app?.dataset.testScriptState === "running") busy = performance.now();
  }
}

// Whether the clipboard took it: browsers refuse over plain HTTP.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
