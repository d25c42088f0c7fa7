(() => {
  "use strict";

  const part = (name) => document.getElementById("evidence-" + name);
  const section = document.getElementById("evidence");
  const viewer = part("viewer");
  const { suspects, runs } = JSON.parse(part("data").textContent);
  const sources = JSON.parse(part("images").textContent);
  const canvases = ["real", "generated", "difference", "wipe"].map(part);
  const items = Array.from(section.querySelectorAll(".evidence-item"));

  // Shares of the real image's grey values between which a window lies; null is the whole range.
  const PRESETS = [
    ["full range", null],
    ["1 to 99 % of grey values", [0.01, 0.99]],
    ["5 to 95 %", [0.05, 0.95]],
    ["darker half", [0.01, 0.5]],
    ["brighter half", [0.5, 0.99]],
    ["own", undefined],
  ];
  const OWN = PRESETS.length - 1;
  const BRIGHTER = [230, 159, 0];
  const DARKER = [86, 180, 233];
  const KEPT = 64;

  const view = { suspect: 0, evidence: 0, zoom: 1, x: 128, y: 128, turn: 0 };
  let shown = null;

  // Images

  const decoded = new Map();

  async function greyOf(key) {
    if (!decoded.has(key)) {
      const image = new Image();
      image.src = sources[key];
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
      const grey = new Uint8Array(canvas.width * canvas.height);
      for (let i = 0; i < grey.length; i += 1) grey[i] = rgba[4 * i];
      decoded.set(key, { grey, width: canvas.width, height: canvas.height });
      if (decoded.size > KEPT) decoded.delete(decoded.keys().next().value);
    }
    return decoded.get(key);
  }

  // The generated image as it lies in the real one's frame: mirrored, then moved; -1 outside of it.
  function framed(image, width, height, mirrored, right, down) {
    const values = new Int16Array(width * height).fill(-1);
    for (let y = 0; y < height; y += 1) {
      const fromY = y + down;
      if (fromY < 0 || fromY >= image.height) continue;
      for (let x = 0; x < width; x += 1) {
        const upright = x + right;
        const fromX = mirrored ? image.width - 1 - upright : upright;
        if (upright >= 0 && upright < image.width) values[y * width + x] = image.grey[fromY * image.width + fromX];
      }
    }
    return values;
  }

  function bitmap(width, height, colour) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) {
      const [red, green, blue] = colour(i);
      pixels.data.set([red, green, blue, 255], 4 * i);
    }
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  function shift(evidence) {
    return part("align").checked && evidence.region ? evidence.region.shift : [0, 0];
  }

  function paintBitmaps() {
    const { real, generated, evidence } = shown;
    const [right, down] = shift(evidence);
    const { width, height } = real;
    const other = framed(generated, width, height, part("mirror").checked, right, down);
    const centre = Number(part("centre").value);
    const span = Number(part("width").value);
    const windowed = Array.from({ length: 256 }, (_, grey) => {
      const level = Math.round((255 * (grey - centre + span / 2)) / span);
      return Math.max(0, Math.min(255, level));
    });
    const grey = (value) => (value < 0 ? [0, 0, 0] : [windowed[value], windowed[value], windowed[value]]);
    shown.bitmaps = {
      real: bitmap(width, height, (i) => grey(real.grey[i])),
      generated: bitmap(width, height, (i) => grey(other[i])),
      difference: bitmap(width, height, (i) => {
        if (other[i] < 0) return [0, 0, 0];
        const by = other[i] - real.grey[i];
        const strength = Math.min(1, (2 * Math.abs(by)) / span);
        return (by > 0 ? BRIGHTER : DARKER).map((level) => level * strength);
      }),
    };
    draw();
  }

  // Drawing: one transform for all four pictures

  function scaleOf(canvas) {
    return (canvas.width / Math.max(shown.real.width, shown.real.height)) * view.zoom;
  }

  function box(context, scale, [left, top, width, height]) {
    context.lineWidth = (2 * (window.devicePixelRatio || 1)) / scale;
    context.strokeStyle = "#ffd500";
    context.strokeRect(left, top, width, height);
  }

  function boxInFrame(region) {
    const [left, top, width, height] = region.generated;
    const [right, down] = shift(shown.evidence);
    const upright = part("mirror").checked ? shown.generated.width - left - width : left;
    return [upright - right, top - down, width, height];
  }

  function paint(canvas, layers, boxes) {
    const context = canvas.getContext("2d");
    const scale = scaleOf(canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const [picture, from, to] of layers) {
      context.save();
      context.beginPath();
      context.rect(from * canvas.width, 0, (to - from) * canvas.width, canvas.height);
      context.clip();
      context.setTransform(scale, 0, 0, scale, canvas.width / 2 - view.x * scale, canvas.height / 2 - view.y * scale);
      context.imageSmoothingEnabled = scale < 4;
      context.drawImage(picture, 0, 0);
      context.restore();
    }
    context.setTransform(scale, 0, 0, scale, canvas.width / 2 - view.x * scale, canvas.height / 2 - view.y * scale);
    for (const area of boxes) box(context, scale, area);
  }

  function draw() {
    if (!shown) return;
    for (const canvas of canvases) {
      const side = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
      if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
    }
    const region = part("boxes").checked ? shown.evidence.region : null;
    const [real, generated, difference, wipe] = canvases;
    const line = Number(part("slider").value) / 100;
    const { bitmaps } = shown;
    paint(real, [[bitmaps.real, 0, 1]], region ? [region.real] : []);
    paint(generated, [[bitmaps.generated, 0, 1]], region ? [boxInFrame(region)] : []);
    paint(difference, [[bitmaps.difference, 0, 1]], []);
    paint(wipe, [[bitmaps.real, 0, line], [bitmaps.generated, line, 1]], []);
    const context = wipe.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#ffd500";
    context.fillRect(line * wipe.width - 1, 0, 2, wipe.height);
  }

  // Window

  function applyPreset() {
    const preset = PRESETS[Number(part("preset").value)][1];
    if (preset === null) {
      setWindow(128, 256);
    } else if (preset && shown) {
      const sorted = Uint8Array.from(shown.real.grey).sort();
      const [low, high] = preset.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
      setWindow(Math.round((low + high) / 2), Math.max(1, high - low));
    }
    sayWindow();
  }

  function setWindow(centre, span) {
    part("centre").value = centre;
    part("width").value = span;
  }

  function sayWindow() {
    for (const name of ["centre", "width"]) part(name + "-value").textContent = part(name).value;
  }

  function resetView() {
    view.zoom = 1;
    if (shown) {
      view.x = shown.real.width / 2;
      view.y = shown.real.height / 2;
    }
    draw();
  }

  function zoomBy(factor, x = view.x, y = view.y) {
    const zoom = Math.max(0.5, Math.min(32, view.zoom * factor));
    // The point (x, y) of the image stays where it is on the screen.
    view.x = x - ((x - view.x) * view.zoom) / zoom;
    view.y = y - ((y - view.y) * view.zoom) / zoom;
    view.zoom = zoom;
    draw();
  }

  // Numbers

  function figure(value) {
    if (value === null || value === undefined) return "–";
    return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
  }

  function percent(share) {
    return share === null ? "not known" : Number((100 * share).toPrecision(3)) + " %";
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function table(title, rows) {
    const made = element("table");
    made.append(element("caption", title));
    const body = element("tbody");
    for (const [name, ...values] of rows) {
      const row = element("tr");
      const head = element("th", name);
      head.scope = "row";
      row.append(head, ...values.map((value) => element("td", value)));
      body.append(row);
    }
    made.append(body);
    return made;
  }

  function pairRows(evidence) {
    const rows = [
      ["view", evidence.view + ", neighbour " + evidence.order],
      ["distance", figure(evidence.distance)],
      ["real-generated pairs that are closer", percent(evidence.closer.real_generated)],
      ["real pairs of different groups that are closer", percent(evidence.closer.real_real)],
      ["hash bits that differ", evidence.hash_bits + " of 64" + (evidence.hash_mirrored ? ", mirrored" : "")],
    ];
    const { region } = evidence;
    if (!region) return [...rows, ["matched region", "none: the real image is flat, or there are too few to compare with"]];
    const reference = region.reference;
    return [
      ...rows,
      ["matched region, correlation", figure(region.correlation) + (region.flipped ? ", found mirrored" : "")],
      ["its shift, right and down", region.shift.join(", ") + " px"],
      ["same patch in random ones, mean and largest", figure(reference.correlation_mean) + ", " + figure(reference.correlation_largest)],
      ["surprise (standard score)", figure(region.surprise)],
      ["random generated images with a lower one", percent(reference.below) + " of " + reference.images],
      ["largest among them", figure(reference.largest_surprise)],
    ];
  }

  function showNumbers(suspect, evidence) {
    const numbers = part("numbers");
    numbers.replaceChildren(table("This pair", pairRows(evidence)));
    const ratios = Object.entries(suspect.ratios).map(([name, found]) => [
      name,
      figure(found.nearest_generated) + " / " + figure(found.nearest_other_group) + " = " + figure(found.ratio),
    ]);
    numbers.append(table("Nearest generated / nearest real of another group", ratios));
    const said = Object.entries(runs[suspect.image.key] || {}).map(([run, columns]) => [
      run,
      Object.entries(columns).map(([column, value]) => column + " " + figure(value)).join(", "),
    ]);
    if (said.length) numbers.append(table("What the runs say of the real image", said));
  }

  // Choosing

  function neighbourButton(evidence, number) {
    const button = element("button", undefined, "evidence-neighbour");
    button.type = "button";
    button.dataset.evidence = number;
    const thumb = element("img");
    thumb.src = sources[evidence.image.key];
    thumb.alt = "";
    thumb.width = thumb.height = 40;
    button.append(thumb, element("span", evidence.view + " " + evidence.order));
    button.setAttribute("aria-label", "Generated image " + evidence.image.id + ", " + evidence.view + " " + evidence.order);
    button.addEventListener("click", () => choose(view.suspect, number));
    return button;
  }

  function listNeighbours(suspect) {
    part("neighbours").replaceChildren(...suspect.evidences.map(neighbourButton));
  }

  function mark(buttons, chosen) {
    buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === chosen)));
  }

  function scrollList(item) {
    const list = part("list");
    const top = item.offsetTop - list.offsetTop;
    if (top < list.scrollTop) list.scrollTop = top;
    const bottom = top + item.offsetHeight - list.clientHeight;
    if (bottom > list.scrollTop) list.scrollTop = bottom;
  }

  async function choose(number, evidenceNumber) {
    const suspect = suspects[number];
    const evidence = suspect.evidences[evidenceNumber];
    if (number !== view.suspect || !part("neighbours").childElementCount) listNeighbours(suspect);
    Object.assign(view, { suspect: number, evidence: evidenceNumber, turn: view.turn + 1 });
    const { turn } = view;
    mark(items, number);
    mark(Array.from(part("neighbours").children), evidenceNumber);
    scrollList(items[number]);
    const about = [suspect.image.split, suspect.image.membership.replace("_", " "), "group " + suspect.image.group];
    part("head").textContent =
      number + 1 + " of " + suspects.length + ": " + suspect.image.id + " (" + about.join(", ") + "), smallest ratio " +
      figure(suspect.ratio) + " in " + suspect.view + ", beside " + evidence.image.id;
    part("mirror").checked = Boolean(evidence.region && evidence.region.flipped);
    showNumbers(suspect, evidence);
    const [real, generated] = await Promise.all([greyOf(suspect.image.key), greyOf(evidence.image.key)]);
    if (turn !== view.turn) return; // another pair was chosen meanwhile
    const first = !shown;
    shown = { real, generated, evidence };
    canvases[0].setAttribute("aria-label", "Real image " + suspect.image.id);
    canvases[1].setAttribute("aria-label", "Generated image " + evidence.image.id);
    canvases[2].setAttribute("aria-label", "Difference of the two");
    canvases[3].setAttribute("aria-label", "Real image left, generated image right of the line");
    part("generated-caption").textContent = "generated: " + evidence.image.id;
    applyPreset();
    paintBitmaps();
    if (first) resetView();
  }

  function start(number) {
    const suspect = suspects[number];
    // The neighbour in the view that makes the image suspicious comes first.
    choose(number, Math.max(0, suspect.evidences.findIndex((evidence) => evidence.view === suspect.view)));
  }

  const within = (value, count) => (value + count) % count;
  const moveSuspect = (by) => start(within(view.suspect + by, suspects.length));
  const moveEvidence = (by) =>
    choose(view.suspect, within(view.evidence + by, suspects[view.suspect].evidences.length));

  // Keys

  function toggle(name) {
    part(name).checked = !part(name).checked;
    paintBitmaps();
  }

  function wipeBy(by) {
    part("slider").value = Number(part("slider").value) + by;
    draw();
  }

  function panBy(x, y) {
    view.x += (16 * x) / view.zoom;
    view.y += (16 * y) / view.zoom;
    draw();
  }

  function toggleHelp() {
    const help = part("help");
    help.hidden = !help.hidden;
    part("keys").setAttribute("aria-expanded", String(!help.hidden));
  }

  function nextPreset() {
    part("preset").value = within(Number(part("preset").value) + 1, OWN);
    applyPreset();
    paintBitmaps();
  }

  const KEYS = {
    ArrowDown: () => moveSuspect(1),
    j: () => moveSuspect(1),
    ArrowUp: () => moveSuspect(-1),
    k: () => moveSuspect(-1),
    ArrowRight: () => moveEvidence(1),
    l: () => moveEvidence(1),
    ArrowLeft: () => moveEvidence(-1),
    h: () => moveEvidence(-1),
    "[": () => wipeBy(-5),
    "]": () => wipeBy(5),
    "+": () => zoomBy(1.25),
    "=": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    0: resetView,
    w: nextPreset,
    m: () => toggle("mirror"),
    a: () => toggle("align"),
    b: () => toggle("boxes"),
    "?": toggleHelp,
  };
  const PANS = {
    ArrowDown: () => panBy(0, 1),
    ArrowUp: () => panBy(0, -1),
    ArrowRight: () => panBy(1, 0),
    ArrowLeft: () => panBy(-1, 0),
  };

  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const native = event.target.matches("select") || (event.target.matches("input") && event.key.startsWith("Arrow"));
    const table = event.shiftKey && PANS[event.key] ? PANS : KEYS;
    if (native || !Object.hasOwn(table, event.key)) return;
    event.preventDefault();
    table[event.key]();
  });

  // Pointer

  function imagePoint(canvas, event) {
    const edge = canvas.getBoundingClientRect();
    const scale = scaleOf(canvas) * (edge.width / canvas.width);
    return [
      view.x + (event.clientX - edge.left - edge.width / 2) / scale,
      view.y + (event.clientY - edge.top - edge.height / 2) / scale,
    ];
  }

  for (const canvas of canvases) {
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (!shown) return;
      viewer.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("evidence-dragged");
      from = imagePoint(canvas, event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from || !shown) return;
      const [x, y] = imagePoint(canvas, event);
      view.x += from[0] - x;
      view.y += from[1] - y;
      draw();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        from = null;
        canvas.classList.remove("evidence-dragged");
      });
    }
    canvas.addEventListener("dblclick", resetView);
    canvas.addEventListener(
      "wheel",
      (event) => {
        // Until the viewer has the focus, the wheel scrolls the page.
        if (!shown || !viewer.contains(document.activeElement)) return;
        event.preventDefault();
        zoomBy(Math.exp(-event.deltaY / 500), ...imagePoint(canvas, event));
      },
      { passive: false },
    );
  }

  // Controls

  PRESETS.forEach(([name], number) => {
    const option = element("option", name);
    option.value = number;
    part("preset").append(option);
  });
  for (const name of ["centre", "width"]) {
    part(name).addEventListener("input", () => {
      part("preset").value = OWN;
      sayWindow();
      paintBitmaps();
    });
  }
  part("preset").addEventListener("change", () => {
    applyPreset();
    paintBitmaps();
  });
  for (const name of ["mirror", "align"]) part(name).addEventListener("change", paintBitmaps);
  part("boxes").addEventListener("change", draw);
  part("slider").addEventListener("input", draw);
  part("reset").addEventListener("click", resetView);
  part("keys").addEventListener("click", toggleHelp);
  items.forEach((item, number) => item.addEventListener("click", () => start(number)));

  // Thumbnails are decoded when they come into sight, those of the printed list when it is printed.

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      target.src = sources[target.dataset.key];
      observer.unobserve(target);
    }
  });
  for (const thumb of section.querySelectorAll(".evidence-thumb")) observer.observe(thumb);
  window.addEventListener("beforeprint", () => {
    for (const image of section.querySelectorAll(".evidence-print")) image.src = sources[image.dataset.key];
  });

  section.classList.add("evidence-live");
  viewer.hidden = false;
  new ResizeObserver(draw).observe(part("real"));
  start(0);
})();
