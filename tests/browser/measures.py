"""What the tests of looks measure on a page, in the browser."""

from playwright.sync_api import Page

# Every visible text with its contrast to what is behind it (WCAG 2), and how large it must be: 3 for large letters.
# Controls that are switched off are exempt.
CONTRASTS = """() => {
  const SHOWN = { opacityProperty: true, visibilityProperty: true };
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {  // of any notation
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = "#000";
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, low) => top.slice(0, 3).map((value, k) => value * top[3] + low[k] * (1 - top[3])).concat(1);
  const light = (color) => {
    const [r, g, b] = color.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parent = (e) => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null;
  const chain = (e) => (e ? [e, ...chain(parent(e))] : []);
  const app = document.querySelector("[data-testid=stApp]");
  const paper = rgba(getComputedStyle(app).backgroundColor);
  const found = [];
  const visit = (e) => {
    if (e.shadowRoot) Array.from(e.shadowRoot.children).forEach(visit);
    Array.from(e.children).forEach(visit);
    const text = Array.from(e.childNodes).filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join(" ").trim();
    const box = e.getBoundingClientRect();
    if (!text || box.width < 3 || box.height < 3 || !e.checkVisibility(SHOWN)) return;
    const all = chain(e);
    const exempt = (one) =>
      /^(STYLE|SCRIPT|NOSCRIPT)$/.test(one.tagName) || one.disabled || one.ariaDisabled === "true" ||
      one.dataset?.testid === "stIconMaterial" || getComputedStyle(one).clipPath !== "none";
    if (all.some(exempt)) return;
    const style = getComputedStyle(e);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const around = (one) => {  // a slider's value stands over its knob, which is only its parent
      const r = one.getBoundingClientRect();
      return r.left <= x && x <= r.right && r.top <= y && y <= r.bottom;
    };
    const behind = all.filter(around).map((one) => rgba(getComputedStyle(one).backgroundColor)).reverse();
    const ground = behind.reduce((low, top) => over(top, low), paper);
    const color = rgba(e instanceof SVGElement ? style.fill : style.color);
    color[3] *= all.reduce((product, one) => product * Number(getComputedStyle(one).opacity), 1);
    if (color[3] < 0.02) return;  // a label that shows only under the pointer
    const [a, b] = [light(over(color, ground)), light(ground)];
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.7 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), least, text.slice(0, 40)]);
  };
  visit(app);
  return found;
}"""

# Elements in the order in which Tab reaches them must be in the order of the page, and each of them visible.
FOCUSED = """() => {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  const last = window.lastFocused;
  window.lastFocused = focused;
  const path = (e) => (e.parentNode ? [...path(e.parentNode), e] : e.host ? [...path(e.host), e] : [e]);
  const behind = (a, b) => {
    const [one, two] = [path(a), path(b)];
    const k = one.findIndex((node, place) => node !== two[place]);
    if (k < 0 || k >= two.length) return false;
    return Boolean(one[k].compareDocumentPosition(two[k]) & Node.DOCUMENT_POSITION_PRECEDING);
  };
  const box = focused.getBoundingClientRect();
  const name = focused.getAttribute("aria-label") || focused.textContent.trim() || focused.tagName;
  return { name: name.slice(0, 40), body: focused === document.body, back: Boolean(last) && behind(last, focused),
           size: box.width * box.height };
}"""


def low_contrasts(page: Page) -> list[str]:
    """The texts that are too faint, with their contrast."""
    texts = page.evaluate(CONTRASTS)
    assert len(texts) > 10  # the page is there
    return sorted({f"{ratio:.2f} {text!r}" for ratio, least, text in texts if ratio < least - 0.005})


def steps_back(page: Page, presses: int) -> list[str]:
    """The controls at which Tab jumps back on the page, within this many presses."""
    page.evaluate("document.activeElement.blur(); window.lastFocused = null")
    jumps = []
    for _ in range(presses):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now["body"]:  # past the end
            break
        if now["back"]:
            jumps.append(now["name"])
    return jumps
