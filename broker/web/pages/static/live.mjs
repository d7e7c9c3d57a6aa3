// Beside htmx, where results follow what somebody types. Nobody answered, or with no page: the form is sent as it
// would be without any script, and the browser says what is wrong. Else old results would stand under new words.

for (const what of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.body.addEventListener(what, (event) => event.target.closest("form")?.submit());
}
