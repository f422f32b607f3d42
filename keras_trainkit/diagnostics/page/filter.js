
(() => {
  "use strict";
  const form = document.getElementById("filter");
  if (!form) {
    return;
  }
  const findings = Array.from(document.querySelectorAll("article.finding"));
  const told = document.getElementById("shown");

  function apply() {
    const severities = new Set(
      Array.from(form.querySelectorAll("input:checked"), (box) => box.value)
    );
    const topic = form.elements.topic.value;
    let shown = 0;
    for (const finding of findings) {
      const fits =
        severities.has(finding.dataset.severity) &&
        (topic === "" || finding.dataset.topic === topic);
      finding.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    told.textContent = shown + " of " + findings.length + " shown";
  }

  form.hidden = false;
  form.addEventListener("change", apply);
  // The form's values go back after its own event.
  form.addEventListener("reset", () => setTimeout(apply, 0));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
