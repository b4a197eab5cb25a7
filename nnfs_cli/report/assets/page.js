// Reads the page's content, and fills its sections.

function themeSwitch() {
  const button = document.getElementById("theme"), root = document.documentElement;
  const modes = ["", "light", "dark"], names = { "": "as the system", light: "light", dark: "dark" };
  const signs = { "": "◐", light: "☀", dark: "☾" };
  const use = (mode) => {
    root.dataset.theme = mode;
    button.textContent = signs[mode];
    button.setAttribute("aria-label", `Colors: ${names[mode]}`);
    button.title = `Colors: ${names[mode]}`;
    for (const draw of painters) draw();
  };
  button.addEventListener("click", () => use(modes[(modes.indexOf(root.dataset.theme || "") + 1) % 3]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => use(root.dataset.theme || ""));
  let before = "";
  addEventListener("beforeprint", () => {
    before = root.dataset.theme || "";
    use("light");
  });
  addEventListener("afterprint", () => use(before));
}

function links() {
  const nav = document.querySelector("nav");
  for (const section of document.querySelectorAll("main > section:not([hidden])")) {
    nav.append(make("a", { href: `#${section.id}`, text: section.querySelector("h2").textContent }));
  }
}

const reveal = (id) => (document.getElementById(id).hidden = false);

async function fillPage() {
  const trouble = document.getElementById("trouble");
  if (!("DecompressionStream" in window)) {
    trouble.textContent = "This browser is too old for the curves, the pictures and the live network; it lacks DecompressionStream.";
    return reveal("trouble");
  }
  const block = await readBlock(document.getElementById("arrays").textContent);
  const report = withArrays(JSON.parse(document.getElementById("content").textContent), block);
  window.report = report;
  report.charts = chartList;
  if (report.network) for (const name of ["inputs", "targets"]) {
    report.network[name] = { shift: report.network[name].shift.data, scale: report.network[name].scale.data };
  }
  if (report.curves) {
    reveal("training");
    showCurves(report.curves, document.getElementById("curves"));
  }
  if (report.confusion || report.fit) {
    reveal("mistakes");
    (report.confusion ? showConfusion : showFit)(report, document.getElementById("mistakes-body"));
  }
  showWeights(report, document.getElementById("weights"));
  reveal("try"); // first, since what is hidden has no size
  const said = showLive(report, document.getElementById("live"), document.getElementById("try-words"));
  document.getElementById("try").hidden = !said;
  links();
  report.ready = true;
}

themeSwitch();
fillPage();
