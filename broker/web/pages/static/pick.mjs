// Beside htmx, where what is found follows words of a name. Nobody answered, or with no page: what was found for other
// words goes, what is ticked stays, and a line says so. The button asks again, as it would without any script.

for (const what of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.body.addEventListener(what, (event) => {
    const field = event.target.closest(".pick");
    for (const one of field?.querySelectorAll("li:not(:has(input:checked))") ?? []) one.remove();
    const told = field?.querySelector("[role=status]");
    if (told) told.textContent = told.dataset.lost;
  });
}
