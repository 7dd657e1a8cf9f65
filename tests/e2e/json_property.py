"""Property test of changing one member: generated files, and every byte outside the member as before.

json_property.py driver PROGRAM STORE COUNT SEED [DEEP]   through the library, DEEP: results for another parser
json_property.py cli PROGRAM STORE COUNT SEED             through the commands, in $HOME and the working directory

STORE is user (preferences.json, values/"secrets.<name>") or repo (datapackage.json, busdk/secrets/<name>). Nothing
here shares code with the library: files are rendered from trees, so that where a member stands and how the file must
look afterwards is known from the rendering; what comes out is read by Python's parser.
"""

import json
import os
import random
import re
import struct
import subprocess
import sys

DEEP = 5000
PATHS = {"user": ["values"], "repo": ["busdk", "secrets"]}


class Failure(Exception):
    pass


# --- trees ------------------------------------------------------------------------------------------------------------
# A node is a raw token (str), a list of nodes, or an Object of members [raw key, decoded key, node].


class Object:
    def __init__(self, members=()):
        self.members = list(members)


class Style:
    """How a file is set out. wild: random blanks between all tokens."""

    def __init__(self, mode, newline="\n", unit="  ", colon=": ", rng=None):
        self.mode, self.newline, self.unit, self.colon, self.rng = mode, newline, unit, colon, rng

    def blank(self):
        return self.rng.choice(["", "", "", " ", "  ", "\t", "\n", "\n  ", "\r\n\t", " \n\n   "])

    def colon_now(self):
        return self.blank() + ":" + self.blank() if self.mode == "wild" else self.colon

    def open(self, level):
        return {"multi": self.newline + self.unit * (level + 1), "padded": " "}.get(self.mode, "")

    def close(self, level):
        return {"multi": self.newline + self.unit * level, "padded": " "}.get(self.mode, "")

    def comma(self, level):
        if self.mode == "multi":
            return "," + self.newline + self.unit * (level + 1)
        return "," if self.mode == "compact" else ", "


class Renderer:
    """Makes the text of a tree and notes where one member stands."""

    def __init__(self, style, target=None):
        self.style, self.target = style, target
        self.parts, self.length, self.span = [], 0, None

    def put(self, text):
        data = text.encode()
        self.parts.append(data)
        self.length += len(data)

    def separator(self, text):
        self.put(self.style.blank() + text.strip() + self.style.blank() if self.style.mode == "wild" else text)

    def node(self, node, level):
        if isinstance(node, str):
            self.put(node)
        elif isinstance(node, list):
            self.items(node, level, "[", "]", lambda item: self.node(item, level + 1))
        else:
            self.items(node.members, level, "{", "}", lambda member: self.member(member, level))

    def items(self, items, level, left, right, each):
        self.put(left)
        for i, item in enumerate(items):
            self.separator(self.style.comma(level) if i else self.style.open(level))
            each(item)
        self.separator(self.style.close(level) if items else "")
        self.put(right)

    def member(self, member, level):
        start = self.length
        self.put(member[0] + self.style.colon_now())
        value = self.length
        self.node(member[2], level + 1)
        if member is self.target:
            self.span = (start, value, self.length)


def render(tree, style, target=None, head=b"", tail=b""):
    renderer = Renderer(style, target)
    renderer.node(tree, 0)
    span = tuple(len(head) + at for at in renderer.span) if renderer.span else None
    return head + b"".join(renderer.parts) + tail, span


# --- generating -------------------------------------------------------------------------------------------------------

NUMBERS = ["0", "-0", "1E400", "-1e-400", "0.10", "1.0", "123456789012345678901234567890", "5e-324", "0e0", "1E+2", "-7"]
STRINGS = [
    '""', '"plain"', r'"\"quoted\" \\ \/"', r'"\b\f\n\r\t"', r'"\u0000"', r'"\ud83d\ude00"', '"ä€😀\u2028"', r'"\ud800"',
    r'"\udc00x"', '"{\\"data\\":\\"ENC[AES256_GCM,data:x]\\"}"', '"}]{[,:"', r'"\\"', r'"\\\\\""', '"//"', '"\x7f"',
]
KEYS = ["aa", "b", "zeta", "name", "Name", "resources", "", "x.y", "ä", "😀", "\x00", "key\x00", "sec", 'q"', "back\\", "/"]
NAMES = ["openai_api_key", "a", "z", "a.b", "a-b", "deploy_key", "0", "m_1"]


def spell(rng, text):
    """A JSON string for text, now and then with more escapes than needed."""
    out = []
    for char in text:
        if char in '"\\' or char < " " or rng.random() < 0.08:
            units = char.encode("utf-16-be")
            out.append("".join("\\u" + units[i : i + 2].hex() for i in range(0, len(units), 2)))
        elif char == "/" and rng.random() < 0.5:
            out.append("\\/")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


def plain(text):
    return json.dumps(text, ensure_ascii=False)


def foreign(rng, depth):
    roll = rng.random()
    if depth < 3 and roll < 0.15:
        return [foreign(rng, depth + 1) for _ in range(rng.randrange(4))]
    if depth < 3 and roll < 0.35:
        return Object(foreign_members(rng, rng.randrange(4), depth + 1))
    if roll < 0.6:
        return rng.choice(NUMBERS)
    if roll < 0.7:
        return rng.choice(["true", "false", "null"])
    return rng.choice(STRINGS)


def foreign_members(rng, count, depth):
    members = []
    for _ in range(count):
        key = rng.choice(KEYS)
        members.append([spell(rng, key), key, foreign(rng, depth)])
        if rng.random() < 0.1:
            members.append([spell(rng, key), key, foreign(rng, depth)])
        if rng.random() < 0.05:
            members.append(['"\\ud800"', "\ud800", "1"])
    return members


def byte_order(member):
    return member[1].encode("utf-8", "surrogatepass")


def is_sorted(obj):
    keys = [byte_order(member) for member in obj.members]
    return keys == sorted(keys)


def add_member(obj, member):
    """Where the rule puts a new member."""
    place = len(obj.members)
    if is_sorted(obj):
        place = sum(byte_order(other) < byte_order(member) for other in obj.members)
    obj.members.insert(place, member)


class Case:
    """A generated file, the member to be changed, and what is known of it."""

    def __init__(self, rng, store):
        self.rng, self.store = rng, store
        self.name = rng.choice(NAMES)
        self.key = "secrets." + self.name if store == "user" else self.name
        self.path = PATHS[store]
        self.is_deep = self.is_bad = False
        self.tree = Object(foreign_members(rng, rng.randrange(6), 0))
        if store == "user" and rng.random() < 0.7:
            self.tree.members.append(['"version"', "version", "1"])
        self.target = None
        self.objects = [self.tree]
        for step in self.path[: rng.choice([0, 1, 2, 2, 2, 2])]:
            below = Object(foreign_members(rng, rng.choice([0, 0, 1, 2]), 1))
            self.objects[-1].members.append([spell(rng, step), step, below])
            self.objects.append(below)
        if len(self.objects) > len(self.path):
            self.fill(self.objects[-1])
        for obj in self.objects:
            if rng.random() < 0.5:
                obj.members.sort(key=byte_order)
            else:
                rng.shuffle(obj.members)
        if rng.random() < 0.03:
            self.make_deep()
        self.choose_style()
        self.text, self.span = render(self.tree, self.style, self.target, self.head, self.tail)
        if rng.random() < 0.2:
            self.spoil()

    def fill(self, obj):
        rng = self.rng
        prefix = self.key[: len(self.key) - len(self.name)]
        for name in rng.sample(NAMES, rng.randrange(5)):
            if name != self.name:
                obj.members.append([spell(rng, prefix + name), prefix + name, rng.choice(STRINGS)])
        if rng.random() < 0.3:
            near = rng.choice([self.key + "\x00", self.key + "\x00x", "\x00" + self.key, self.key.upper(), self.key + " "])
            if near != self.key:
                obj.members.append([spell(rng, near), near, '"planted"'])
        if rng.random() < 0.5:
            self.target = [spell(rng, self.key), self.key, foreign(rng, 2)]
            obj.members.append(self.target)

    def make_deep(self):
        self.is_deep = True
        deep = self.rng.choice([("[", "", "]"), ('{"a":', "1", "}"), ('[{"a": ', "[]", "}]")])
        times = DEEP // len(deep[2])
        raw = deep[0] * times + deep[1] + deep[2] * times
        self.rng.choice(self.objects).members.append(['"deep"', "deep", raw])

    def choose_style(self):
        rng = self.rng
        newline = rng.choice(["\n", "\n", "\r\n"])
        mode = rng.choice(["multi", "multi", "multi", "line", "compact", "padded", "wild", "wild"])
        colon = {"compact": ":", "multi": rng.choice([": ", ": ", ":", " : "])}.get(mode, ": ")
        self.style = Style(mode, newline, rng.choice(["\t", "  ", "    ", " ", "   "]), colon, rng)
        self.head = rng.choice([b"", b"", b"", b"\xef\xbb\xbf", b"\n", b"\xef\xbb\xbf \r\n"])
        self.tail = rng.choice([newline.encode(), newline.encode(), b"", b" \t", b"\n\n"])

    def spoil(self):
        """Makes the file one that must be refused, whatever is asked."""
        rng, text = self.rng, self.text
        self.is_bad = True
        quotes = [m.start() for m in re.finditer(rb'"(?=[a-z])', text)]
        end = len(text.rstrip())
        kind = rng.randrange(8)
        if kind == 0 and quotes:
            at = rng.choice(quotes) + 1
            wrong = rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\x80"])
            self.text = text[:at] + wrong + text[at:]
        elif kind == 1 and quotes:
            at = rng.choice(quotes) + 1
            self.text = text[:at] + rng.choice([b"\n", b"\x00", b"\t", b"\x1f", b"\\x", b"\\u12G4"]) + text[at:]
        elif kind == 2:
            self.text = text[:end] + rng.choice([b"}", b",", b" x", b"{}", b"\x00", b"// end"]) + text[end:]
        elif kind == 3:
            self.text = text[: rng.randrange(end)].rstrip() or b"{"
        elif kind == 4:
            at = text.index(b"{") + 1
            self.text = text[:at] + b"\n<<<<<<< HEAD\n" + text[at:] + b"\n=======\n"
        elif kind == 5 and self.target:
            double = [spell(rng, self.key), self.key, '"second"']
            self.objects[-1].members.append(double)
            self.text, _ = render(self.tree, self.style, None, self.head, self.tail)
        elif kind == 6 and len(self.objects) > 1:
            self.tree.members.append([spell(rng, self.path[0]), self.path[0], Object()])
            self.text, _ = render(self.tree, self.style, None, self.head, self.tail)
        else:
            wrong = rng.choice(["1", "[]", '"x"', "null"])
            self.tree.members = [m for m in self.tree.members if m[1] != self.path[0]]
            self.tree.members.append([spell(rng, self.path[0]), self.path[0], wrong])
            self.text, _ = render(self.tree, self.style, None, self.head, self.tail)

    def had_neighbours(self):
        return len(self.objects) > len(self.path) and len(self.objects[-1].members) > 0

    def is_exact(self):
        """Whether the file shows the style that an added member must have: an empty root shows none."""
        return self.style.mode != "wild" and len(self.tree.members) > 0

    def rendered_with(self, raw_value):
        """The file as it must look with the member added."""
        missing = self.path[len(self.objects) - 1 :]
        member = [plain(self.key), self.key, raw_value]
        for step in reversed(missing):
            member = [plain(step), step, Object([member])]
        add_member(self.objects[-1], member)
        text, _ = render(self.tree, self.style, None, self.head, self.tail)
        self.objects[-1].members.remove(member)
        return text

    def rendered_without(self):
        """The file as it must look without the member."""
        obj = self.objects[-1]
        place = obj.members.index(self.target)
        del obj.members[place]
        if obj.members:
            text, _ = render(self.tree, self.style, None, self.head, self.tail)
        else:
            hollow = {"multi": "{" + self.style.close(len(self.objects) - 1) + "}", "padded": "{ }"}
            obj_raw = hollow.get(self.style.mode, "{}")
            text, _ = render(self.replaced(obj, obj_raw), self.style, None, self.head, self.tail)
        obj.members.insert(place, self.target)
        return text

    def replaced(self, obj, raw):
        if self.tree is obj:
            return raw
        return self.copy_with(self.tree, obj, raw)

    def copy_with(self, node, obj, raw):
        if node is obj:
            return raw
        if not isinstance(node, Object):
            return node
        return Object([[key, text, self.copy_with(value, obj, raw)] for key, text, value in node.members])


# --- an independent reading -------------------------------------------------------------------------------------------


class Number(str):
    pass


def no_constant(text):
    raise ValueError("not JSON: " + text)


def parse(text):
    """Members in order, doubles and the spelling of numbers kept: ("object", [(key, value), ...])."""
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    return json.loads(
        text.decode("utf-8"),
        object_pairs_hook=lambda pairs: ("object", pairs),
        parse_int=Number,
        parse_float=Number,
        parse_constant=no_constant,
    )


def without(tree, path, key, made):
    """The tree less the member, and less the first of the objects that were made for it; and the member's value."""
    if made == 0:
        path, key = path[:0], path[0] if path else key
    kind, pairs = tree
    if kind != "object":
        raise Failure("an object is missing on the path")
    step = path[0] if path else key
    places = [i for i, pair in enumerate(pairs) if pair[0] == step]
    if len(places) != 1:
        raise Failure(f"{step!r} stands {len(places)} times")
    if not path:
        return (kind, pairs[: places[0]] + pairs[places[0] + 1 :]), pairs[places[0]][1]
    below, value = without(pairs[places[0]][1], path[1:], key, made - 1)
    return (kind, pairs[: places[0]] + [(step, below)] + pairs[places[0] + 1 :]), value


def common_prefix(a, b):
    limit = min(len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle)
    return low


def check_added(case, old, new, value):
    """Bytes were added at one place, and what was added is the member."""
    same = common_prefix(old, new)
    if len(new) <= len(old) or not new.endswith(old[same:]):
        raise Failure("bytes outside the new member changed")
    if value is not None and case.is_exact() and new != case.rendered_with(value):
        raise Failure("the new member is not set out as its object is:\n" + case.rendered_with(value).decode())
    if case.is_deep:
        return
    existing = len(case.objects) - 1
    rest, inner = without(parse(new), case.path, case.key, existing)
    if rest != parse(old):
        raise Failure("other members changed")
    for step in case.path[existing + 1 :] + [case.key] if existing < len(case.path) else []:
        if inner[0] != "object" or [key for key, _ in inner[1]] != [step]:
            raise Failure("more than the member was made")
        inner = inner[1][0][1]
    if value is not None and inner != parse(value.encode()):
        raise Failure("the member does not read back")


def check_removed(case, old, new, span):
    """Gone are the member, one comma if there were others, and blanks; nothing came."""
    start, _, end = span
    before = min(common_prefix(old, new), start)
    behind = min(common_prefix(old[::-1], new[::-1]), len(old) - end, len(new) - before)
    kept = new[before : len(new) - behind]
    gone = old[before:start] + old[end : len(old) - behind]
    if kept.strip(b" \t\r\n") or gone.strip(b" \t\r\n") not in (b"", b","):
        raise Failure("more than the member and one comma went")
    if case.is_deep:
        return
    rest, _ = without(parse(old), case.path, case.key, len(case.path))
    if parse(new) != rest:
        raise Failure("other members changed")


# --- through the library ----------------------------------------------------------------------------------------------


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def field(self):
        (length,) = struct.unpack("<I", self.process.stdout.read(4))
        return self.process.stdout.read(length)

    def edit(self, operation, case, text, value=""):
        for part in (operation.encode(), "/".join(case.path).encode(), case.key.encode(), value.encode(), text):
            self.process.stdin.write(struct.pack("<I", len(part)) + part)
        self.process.stdin.flush()
        return self.field().decode(), self.field().decode(), self.field()

    def expect(self, code, operation, case, text, value=""):
        got, message, result = self.edit(operation, case, text, value)
        if got != code:
            raise Failure(f"{operation}: {got} ({message}), expected {code}")
        if code != "OK" and result:
            raise Failure("refused, and yet there is a result")
        return result

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise Failure("the driver failed")


def driver_case(driver, case, deep):
    rng = case.rng
    value, second = plain('{"data":"ENC[new]"}'), rng.choice(STRINGS + ["{}", "[\n1]"])
    if case.is_bad:
        driver.expect("MALFORMED", "set", case, case.text, value)
        driver.expect("MALFORMED", "delete", case, case.text)
        return
    added = driver.expect("OK", "set", case, case.text, value)
    if case.target:
        _, start, end = case.span
        if added != case.text[:start] + value.encode() + case.text[end:]:
            raise Failure("set changed more than the value")
        removed = driver.expect("OK", "delete", case, case.text)
        check_removed(case, case.text, removed, case.span)
        if case.style.mode != "wild" and removed != case.rendered_without():
            raise Failure("a deletion left traces:\n" + case.rendered_without().decode())
        note_deep(deep, case, case.text, added, value)
        note_deep(deep, case, case.text, removed, "")
        return
    driver.expect("NOT_FOUND", "delete", case, case.text)
    check_added(case, case.text, added, value)
    again = driver.expect("OK", "set", case, added, second)
    if again != added.replace(value.encode(), second.encode()):
        raise Failure("the second set changed more than the value")
    removed = driver.expect("OK", "delete", case, again)
    if case.style.mode != "wild" and case.had_neighbours() and removed != case.text:
        raise Failure("set and delete left traces:\n" + removed.decode())
    note_deep(deep, case, case.text, added, value)
    note_deep(deep, case, added, removed, "")


def note_deep(deep, case, before, after, value):
    """What another parser reads: Python's does not reach so deep."""
    if case.is_deep:
        existing = len(case.path) if before is not case.text else len(case.objects) - 1
        keys = "/".join(case.path + [case.key])
        deep += [before, after, keys.encode(), str(existing).encode(), value.encode()]


def run_driver(program, store, count, seed, deep_file):
    driver = Driver(program)
    deep = []

    def one(rng):
        case = Case(rng, store)
        driver_case(driver, case, deep)
        return case

    run_cases(one, store, count, seed)
    driver.close()
    if deep_file:
        with open(deep_file, "wb") as out:
            for field in deep:
                bare = field.removeprefix(b"\xef\xbb\xbf")
                out.write(struct.pack("<I", len(bare)) + bare)


def run_cases(one, store, count, seed):
    kinds = {"refused": 0, "replaced": 0, "added": 0, "deep": 0}
    for number in range(count):
        rng = random.Random(f"{seed}/{store}/{number}")
        state = rng.getstate()
        try:
            case = one(rng)
        except Failure as failure:
            rng.setstate(state)
            text = Case(rng, store).text
            sys.exit(f"seed {seed}, {store} {number}: {failure}\nfile: {text[:2000]!r}")
        kinds["refused" if case.is_bad else "replaced" if case.target else "added"] += 1
        kinds["deep"] += case.is_deep
    print(f"MEASURED {store}: {count} files, seed {seed}, " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))


# --- through the commands ---------------------------------------------------------------------------------------------

MAX_REFUSED = 6  # a file that does not parse is read again for 300 ms, more than once


class Commands:
    def __init__(self, program, store):
        self.program, self.store = program, store
        self.refused = 0
        self.directory = os.path.expanduser("~/.config/bus") if store == "user" else os.getcwd()
        self.file = os.path.join(self.directory, "preferences.json" if store == "user" else "datapackage.json")
        os.makedirs(self.directory, exist_ok=True)
        self.beside = sorted(set(os.listdir(self.directory)) | {os.path.basename(self.file)})

    def put(self, text):
        with open(self.file, "wb") as out:
            out.write(text)

    def expect(self, status, words, given=b""):
        """Runs a command; gives the file as it is then. A refusal leaves it alone; nothing is left beside it."""
        with open(self.file, "rb") as before:
            old = before.read()
        done = subprocess.run([self.program, *words, "--scope", self.store], input=given, capture_output=True)
        with open(self.file, "rb") as after:
            new = after.read()
        if done.returncode != status:
            raise Failure(f"{words}: status {done.returncode}, expected {status}: {done.stderr.decode()}")
        if status != 0 and new != old:
            raise Failure(f"{words}: refused, and yet the file changed")
        if status != 0 and not done.stderr.startswith(b"bus-secrets"):
            raise Failure(f"{words}: refused without a line that says why")
        if sorted(os.listdir(self.directory)) != self.beside:
            raise Failure(f"{words}: left behind in the directory: {os.listdir(self.directory)}")
        return done.stdout if words[0] == "get" else new


def document_in(case, text):
    """The raw string of the member that was written: one document."""
    tree = parse(text)
    for step in case.path + [case.key]:
        (tree,) = [value for key, value in tree[1] if key == step]
    if "sops" not in json.loads(tree):
        raise Failure("what was written is not a document")
    return plain(tree)


def commands_case(commands, case):
    text, name, secret = case.text, case.name, b"bytes \x00\xff of " + case.name.encode()
    commands.put(text)
    if case.is_bad:
        commands.refused += 1
        commands.expect(1, ["set", name], secret)
        return
    added = commands.expect(0, ["set", name], secret)
    if commands.expect(0, ["get", name]) != secret:
        raise Failure("the value does not come back")
    if case.target:
        start, value, end = case.span
        if not added.startswith(text[:value]) or not added.endswith(text[end:]):
            raise Failure("set changed more than the value")
        span = (start, value, len(added) - (len(text) - end))
        if not case.is_deep and added[value : span[2]] != document_in(case, added).encode():
            raise Failure("set changed more than the value")
    else:
        document = None if case.is_deep else document_in(case, added)
        check_added(case, text, added, document)
        start = added.index(plain(case.key).encode())
        value = added.index(b'"{', start)
        span = (start, value, re.compile(rb'"(?:[^"\\]|\\.)*"').match(added, value).end())
    removed = commands.expect(0, ["delete", name])
    if case.target or not case.had_neighbours() or case.style.mode == "wild":
        check_removed(case, added, removed, span)
    elif removed != text:
        raise Failure("set and delete left traces:\n" + removed.decode())
    commands.expect(1, ["delete", name])


def run_commands(program, store, count, seed):
    commands = Commands(program, store)

    def one(rng):
        case = Case(rng, store)
        if not case.is_bad or commands.refused < MAX_REFUSED:
            commands_case(commands, case)
        return case

    run_cases(one, store, count, seed)


if __name__ == "__main__":
    what, tool, chosen, times, start_seed = sys.argv[1:6]
    sys.setrecursionlimit(4000)
    if what == "driver":
        run_driver(tool, chosen, int(times), start_seed, sys.argv[6] if len(sys.argv) > 6 else None)
    else:
        run_commands(tool, chosen, int(times), start_seed)
