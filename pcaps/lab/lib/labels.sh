# What labels.json says of a capture is written by hand and holds for every recording, but for one thing:
# a password that the server makes up.

# set_secrets CAPTURE SECRET... puts these into the labels of a capture.
set_secrets() {
  python3 - "$pcaps/labels.json" "$@" <<'PYTHON'
import json, re, sys
path, capture, *secrets = sys.argv[1:]
text = open(path).read()
entry = re.compile(r'(\n  ' + re.escape(json.dumps(capture)) + r': \{.*?"secrets": )\[[^\n]*\]', re.S)
text, found = entry.subn(lambda m: m[1] + json.dumps(secrets), text)
assert found == 1, capture
open(path, "w").write(text)
PYTHON
}
