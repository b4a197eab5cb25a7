// The page's colors, and links to its sections.

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
