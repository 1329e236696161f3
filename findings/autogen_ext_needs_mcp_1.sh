#!/usr/bin/env bash
# autogen-ext 0.7.5 (Python) cannot import its MCP tools on a fresh install.
#
# Expected: its own metadata, `mcp>=1.11.0; extra == "mcp"`: `pip install "autogen-ext[mcp]"` gives
# all that `from autogen_ext.tools.mcp import McpWorkbench` needs.
# Seen: pip takes mcp 2, which has no upper bound there and has renamed what the package imports:
# ImportError for `RequestContext`. With `mcp<2` beside it the import works. It is the same, with
# other names, for `mcp-agent` 0.2.6 and `smolagents[mcp]` 1.26.0.
# For users: install `"autogen-ext[mcp]" "mcp<2"`.
#
# Output on 27 November 2026, with Python 3.11:
#   mcp 2: cannot import name 'RequestContext' from 'mcp.shared.context'
#   mcp 1: imported
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
timeout 300 bin/pip install --quiet --disable-pip-version-check \
  autogen-ext[mcp]==0.7.5 \
  mcp==2.3.0

cat > finding.py <<'END'
from importlib.metadata import version

major = version("mcp").split(".")[0]
try:
    from autogen_ext.tools.mcp import McpWorkbench
except ImportError as error:
    result = str(error).split(" (")[0]
else:
    result = "imported"
print(f"mcp {major}: {result}")
assert (result == "imported") == (major == "1")
END
timeout 60 bin/python finding.py
timeout 300 bin/pip install --quiet --disable-pip-version-check mcp==1.30.0
timeout 60 bin/python finding.py
