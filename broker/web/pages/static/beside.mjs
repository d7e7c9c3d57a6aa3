// Where a page has several forms, a browser sends one and forgets what stands in the others. They are laid by in this
// tab alone, and put back when the page is shown again to the same session. Nothing is sent but the form that was.

const KEY = `beside:${location.pathname}`;
const OTHER_EACH_TIME = new Set(["form", "seen", "once", "version", "was"]);
const KEPT = "textarea, select, input:is([type=text], [type=date], [type=search], [type=radio], [type=checkbox])";

const posted = () => [...document.forms].filter((form) => form.method === "post");
const session = () => document.querySelector("input[name=form]")?.value;
const fields = (form) => [...form.elements].filter((field) => field.name && field.matches(KEPT));
const ticked = (field) => field.type === "radio" || field.type === "checkbox";

/** Which form of the page it is: what it does, and to what. */
function called(form) {
  const hidden = [...form.elements].filter((field) => field.type === "hidden" && !OTHER_EACH_TIME.has(field.name));
  return JSON.stringify(hidden.map((field) => [field.name, field.value]));
}

function written(field) {
  if (ticked(field)) return field.checked !== field.defaultChecked;
  if (!field.matches("select")) return field.value !== field.defaultValue;
  return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
}

// A page that says no gives back what was sent as if it had always stood there.
const givenBack = document.querySelector("main [role=alert]") !== null;

function laidBy(form) {
  const found = fields(form).map((field, place) => [place, field.name, ticked(field) ? field.checked : field.value, field]);
  const stands = ([, , value, field]) => written(field) || (givenBack && value);
  return found.filter(stands).map((one) => one.slice(0, 3));
}

function putBack(form, kept) {
  const now = fields(form);
  for (const [place, name, value] of kept) {
    const field = now[place];
    if (field?.name !== name || written(field)) continue;
    if (ticked(field)) field.checked = value;
    else field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
}

document.addEventListener("submit", (event) => {
  const others = posted().filter((form) => form !== event.target);
  const kept = others.map((form) => [called(form), laidBy(form)]).filter(([, found]) => found.length);
  if (kept.length) sessionStorage.setItem(KEY, JSON.stringify({ session: session(), kept }));
  else sessionStorage.removeItem(KEY);
});

const held = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
sessionStorage.removeItem(KEY);
if (held && held.session === session()) {
  const kept = new Map(held.kept);
  for (const form of posted()) putBack(form, kept.get(called(form)) ?? []);
}
