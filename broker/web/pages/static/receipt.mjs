// Checks a receipt in the browser, with nothing but what stands on the page: the entry's bytes, the hashes beside it,
// and the signature of the log (c2sp.org/tlog-proof, tlog-checkpoint, signed-note; RFC 9162 section 2.1.3.2).

const text = new TextEncoder();
const ED25519 = 1;

/** Why the receipt proves nothing. */
export class Wrong extends Error {}

function bytesOf(base64) {
  let raw;
  try {
    raw = atob(base64);
  } catch {
    throw new Wrong("not base64");
  }
  if (btoa(raw) !== base64) throw new Wrong("base64 in another spelling");
  return Uint8Array.from(raw, (one) => one.charCodeAt(0));
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);

function whole(number) {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(number)) throw new Wrong("a number is missing");
  return BigInt(number);
}

/** The parts of a receipt; nothing of them is verified. */
function parsed(receipt) {
  const gap = receipt.indexOf("\n\n");
  const lines = receipt.slice(0, gap).split("\n");
  if (gap < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Wrong("not a receipt");
  if (!lines[0]?.startsWith("extra ")) throw new Wrong("the receipt does not carry its entry");
  const entry = bytesOf(lines.shift().slice("extra ".length));
  if (!lines[0]?.startsWith("index ")) throw new Wrong("the receipt names no place");
  const index = whole(lines.shift().slice("index ".length));
  const path = lines.map(bytesOf);
  if (path.some((hash) => hash.length !== 32)) throw new Wrong("a hash has 32 bytes");
  return { entry, index, path, note: receipt.slice(gap + 2) };
}

function checkpoint(note) {
  const gap = note.lastIndexOf("\n\n");
  const lines = note.slice(0, gap).split("\n");
  if (gap < 0 || lines.length < 3 || !note.endsWith("\n")) throw new Wrong("not a checkpoint");
  const signatures = note.slice(gap + 2, -1).split("\n");
  return { message: text.encode(note.slice(0, gap + 1)), origin: lines[0], size: whole(lines[1]), root: bytesOf(lines[2]), signatures };
}

async function signed(said, key) {
  const name = key.slice(0, key.indexOf("+"));
  const packed = bytesOf(key.slice(key.indexOf("+", name.length + 1) + 1));
  if (!name || packed[0] !== ED25519 || packed.length !== 33) throw new Wrong("not a key that this page can use");
  const id = (await sha256(text.encode(`${name}\n`), packed)).slice(0, 4);
  const publicKey = await crypto.subtle.importKey("raw", packed.slice(1), { name: "Ed25519" }, false, ["verify"]);
  for (const line of said.signatures) {
    const [mark, signer, encoded] = line.split(" ");
    if (mark !== "\u2014" || signer !== name) continue;
    const raw = bytesOf(encoded ?? "");
    if (!same(raw.slice(0, 4), id)) continue;
    if (await crypto.subtle.verify({ name: "Ed25519" }, publicKey, raw.slice(4), said.message)) return;
    throw new Wrong("the signature of the log is false");
  }
  throw new Wrong("the log has not signed this");
}

async function rootFrom(leaf, index, size, path) {
  if (index >= size) throw new Wrong("there is no such place in the log");
  let [place, last, node] = [index, size - 1n, leaf];
  for (const other of path) {
    if (last === 0n) throw new Wrong("the proof is too long");
    if (place & 1n || place === last) {
      node = await sha256(Uint8Array.of(1), other, node);
      while (!(place & 1n) && place) [place, last] = [place >> 1n, last >> 1n];
    } else {
      node = await sha256(Uint8Array.of(1), node, other);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  if (last) throw new Wrong("the proof is too short");
  return node;
}

/** The entry that the receipt proves to be in the log of `key` (`name+id+key`). Wrong, if it proves nothing. */
export async function verified(receipt, key) {
  const said = parsed(receipt);
  const point = checkpoint(said.note);
  if (point.origin !== key.slice(0, key.indexOf("+"))) throw new Wrong("it is of another log");
  await signed(point, key);
  const root = await rootFrom(await sha256(Uint8Array.of(0), said.entry), said.index, point.size, said.path);
  if (!same(root, point.root)) throw new Wrong("this entry is not in the log at that place");
  return new TextDecoder("utf-8", { fatal: true }).decode(said.entry);
}

async function check(button, receipt, result) {
  let answer = "no";
  try {
    const entry = await verified(receipt.textContent, button.dataset.key);
    document.getElementById("entry").textContent = JSON.stringify(JSON.parse(entry), null, 1);
    answer = "yes";
  } catch (problem) {
    if (!(problem instanceof Wrong)) answer = "unable";
  }
  result.textContent = result.dataset[answer];
}

if (typeof document !== "undefined") {
  const [button, receipt, result] = ["check", "receipt", "result"].map((id) => document.getElementById(id));
  if (button && receipt && result) {
    button.hidden = false;
    button.addEventListener("click", () => check(button, receipt, result));
  }
}
