"""Which room may include what (docs/architecture.md). Prints each include that breaks a rule."""
import pathlib
import re
import sys

LIBRARIES = r"<(sodium|nettle/|cjson/|yaml|pcre2|fuse|seccomp|criterion)"
ROOMS = {
    "include/bus-secrets": [r"<bus-secrets/"],
    "core/base": [r'"[a-z0-9_]+\.h"', r"<bus-secrets/"],
    "core/json": [r'"[a-z0-9_]+\.h"', r'"\.\./base/', r"<bus-secrets/"],
    "core/age": [r'"[a-z0-9_]+\.h"', r'"\.\./base/', r"<bus-secrets/", r"<sodium\.h>"],
    "core/sops": [r'"[a-z0-9_]+\.h"', r'"\.\./(base|json|age)/', r"<bus-secrets/", r"<sodium\.h>", r"<nettle/"],
    "core/keys": [r'"[a-z0-9_]+\.h"', r'"\.\./(base|json|age)/', r"<bus-secrets/", r"<(yaml|pcre2)\.h>"],
    "core/workspace": [r'"[a-z0-9_]+\.h"', r'"\.\./(base|json)/', r"<bus-secrets/"],
    "core/store": [r'"[a-z0-9_]+\.h"', r'"\.\./(base|json|sops|age|keys|workspace)/', r"<bus-secrets/"],
    "core/cli": [r'"[a-z0-9_]+\.h"', r"<bus-secrets/"],
    "fs": [r'"[a-z0-9_]+\.h"', r"<bus-secrets/", r"<fuse(3/fuse)?_lowlevel\.h>", r"<seccomp\.h>"],
}
# Single files that may do more than their room.
FILES = {f"core/base/{name}.c": [r"<sodium\.h>"] for name in ("secret", "arena", "harden", "hash", "json_out")}


def broken(room, rules, top):
    for path in sorted((top / room).glob("*.[ch]")):
        name = str(path.relative_to(top))
        allowed = rules + FILES.get(name, [])
        for what in re.findall(r'^\s*#\s*include\s*([<"][^>"]*[>"])', path.read_text(), re.M):
            ours = what.startswith(('"', "<bus-secrets/"))
            if (ours or re.match(LIBRARIES, what)) and not any(re.match(rule, what) for rule in allowed):
                yield f"{name} may not include {what}"


top = pathlib.Path(sys.argv[1])
found = [line for room, rules in ROOMS.items() for line in broken(room, rules, top)]
print("\n".join(found))
sys.exit(bool(found))
