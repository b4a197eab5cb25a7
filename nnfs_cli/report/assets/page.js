// Reads the page's content, and fills its sections.

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
