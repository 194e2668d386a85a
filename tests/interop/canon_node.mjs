// Reads an array of JSON texts on stdin and prints, for each, what Node makes of it: written again as it was read, and after
// its members were set one by one in the order of their sorted names.
import { readFileSync } from "node:fs";

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const out = {};
  for (const name of Object.keys(value).sort()) out[name] = sorted(value[name]);
  return out;
}

const answers = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const value = JSON.parse(text);
  return [JSON.stringify(value), JSON.stringify(sorted(value))];
});
process.stdout.write(JSON.stringify(answers));
