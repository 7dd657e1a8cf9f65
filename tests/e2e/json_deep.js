// Reads texts before and after an edit, deeper than Python's parser reaches, from the file of json_property.py.
// Fields of a 32-bit length and that many bytes: before, after, keys with '/' between them, how many of the objects
// on that path were there before, the value that the last key must have ("" for none).
"use strict";

const data = require("fs").readFileSync(process.argv[2]);
let at = 0;
let count = 0;

function field() {
	const length = data.readUInt32LE(at);
	const bytes = data.subarray(at + 4, at + 4 + length);

	at += 4 + length;
	return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

// Takes the member out, or the first object that was made for it, and gives the member's value.
function take(tree, keys, existing) {
	const value = keys.reduce((inner, key) => (inner === undefined ? inner : inner[key]), tree);
	const holder = keys.slice(0, existing).reduce((inner, key) => inner[key], tree);

	delete holder[keys[existing]];
	return value;
}

function check(condition, what) {
	if (!condition) {
		console.error("text " + count + ": " + what);
		process.exit(1);
	}
}

while (at < data.length) {
	const before = JSON.parse(field());
	const after = JSON.parse(field());
	const keys = field().split("/");
	const existing = Number(field());
	const value = field();
	const got = take(after, keys, existing);

	take(before, keys, existing);
	check(value === "" ? got === undefined : JSON.stringify(got) === value, "the member does not read back");
	check(JSON.stringify(before) === JSON.stringify(after), "other members changed");
	count++;
}
check(count > 0, "there is none");
console.log("MEASURED node: " + count + " deep results");
