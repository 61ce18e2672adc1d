"""The house: imports go one way, and what must stay cheap stays cheap."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT, encoded, environment, field_picture

PACKAGE = ROOT / "zipread"

STAGES = frozenset(
    {
        "load",
        "clean",
        "locate",
        "segment",
        "normalize",
        "classify",
        "sequence",
        "letters",
        "decode",
        "directory",
        "finder",
    }
)
WALLS = frozenset({"records", "errors", "settings", "model"})

MAY_IMPORT = {
    "records": frozenset(),
    "errors": frozenset(),
    "settings": frozenset({"errors"}),
    "model": frozenset({"errors"}),
    **dict.fromkeys(STAGES, WALLS),
    "formats": frozenset({"errors"}),
    "output": frozenset({"records", "errors", "formats"}),
    "debug": frozenset({"records", "errors"}),
    "inputs": frozenset({"errors"}),
    "workers": frozenset({"errors"}),
    "pool": frozenset({"errors", "workers"}),
    "origin": frozenset({"settings", "model", "form", "zipread"}),
    "journal": frozenset({"records", "errors"}),
    "shards": frozenset({"errors", "inputs", "output", "formats", "origin"}),
    "run": frozenset({"records", "errors", "inputs", "output", "formats", "pool", "journal", "origin", "shards"}),
    "form": WALLS | {"load", "clean", "locate"},
    "skim": WALLS | {"clean", "sequence", "decode"},
    "glance": WALLS | {"clean", "finder", "sequence", "decode", "skim"},
    "towns": WALLS | {"letters", "decode"},
    "words": WALLS | {"clean", "letters", "sequence", "towns"},
    "attempts": WALLS | {"decode"},
    "fields": WALLS | STAGES | {"skim", "attempts", "words"},
    "views": WALLS | STAGES | {"attempts", "fields", "glance"},
    "explain": WALLS | {"locate", "attempts", "letters"},
    "reader": WALLS | STAGES | {"words", "attempts", "fields", "glance", "views", "explain", "form"},
    "batch": WALLS
    | {"load", "reader", "inputs", "output", "debug", "pool", "workers", "run", "journal", "origin", "shards"},
    "apart": frozenset({"errors", "workers"}),
    "append": frozenset({"errors", "formats", "output"}),
    "serve": frozenset({"inputs", "formats"}),
    "watch": frozenset({"records", "errors", "inputs", "output", "append"}),
    "settings_file": frozenset({"errors", "settings"}),
    "evaluate": WALLS
    | {
        "load",
        "classify",
        "reader",
        "batch",
        "inputs",
        "debug",
        "pool",
        "workers",
        "run",
        "origin",
        "settings_file",
        "zipread",
    },
    "__main__": frozenset({"cli"}),
    "cli": WALLS
    | {"load", "form", "reader", "batch", "inputs", "output", "formats", "evaluate", "settings_file", "lab", "zipread"}
    | {"shards"}
    | {"apart", "append", "serve", "watch"},
    "lab": WALLS | STAGES | {"towns", "reader", "batch", "inputs", "output", "debug", "zipread"},
    "zipread": WALLS | {"reader", "batch"},
}
"""Room of the house: the rooms it may know. A room is a module or folder directly in `zipread/`."""

EXCEPTIONS = {("classify", "normalize")}
"""The classifier checks that its model was trained for this normalization."""

HEAVY = {"cv2", "numpy", "onnxruntime", "tensorflow", "keras", "pypdfium2", "zipcodes", "rich", "pyarrow"}


def room_of(path):
    """Return the room a file belongs to; "zipread" is the package's own `__init__`."""
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "zipread" if name == "__init__" else name


def imports(path):
    """Yield (room imported, whether that happens inside a function) for every import of our own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "zipread" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            top, *rest = name.split(".")
            if top == "zipread":
                known = rest and ((PACKAGE / rest[0]).is_dir() or (PACKAGE / f"{rest[0]}.py").is_file())
                yield (rest[0] if known else "zipread"), id(node) in late


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is a new room: give it a place in MAY_IMPORT"
    for other, _ in imports(path):
        if other != room and (room, other) not in EXCEPTIONS:
            assert other in MAY_IMPORT[room], f"{path.relative_to(ROOT)} must not import {other}"


def test_the_lab_is_imported_late_and_only_by_its_commands():
    for path in MODULES:
        for room, late in imports(path):
            if room == "lab" and room_of(path) != "lab":
                assert room_of(path) == "cli"
                assert late, f"{path.relative_to(ROOT)}: import zipread.lab inside the function that needs it"


def loaded_by(code, cwd=ROOT):
    """Return the top-level modules that a fresh process has loaded after running `code`."""
    code += "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.__stdout__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment(), capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


RUN = """
import sys
from zipread.cli import main
sys.argv = {arguments!r}
try:
    main()
except SystemExit:
    pass
"""


def test_importing_the_package_is_cheap():
    assert not loaded_by("import zipread") & (HEAVY | {"typer"})


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in ("scan", "serve", "watch", "train", "evaluate"))]
)
def test_help_is_cheap(arguments):
    assert not loaded_by(RUN.format(arguments=["zipread", *arguments])) & HEAVY


def test_a_scan_never_loads_tensorflow(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(field_picture()))
    loaded = loaded_by(RUN.format(arguments=["zipread", "scan", "a.png", "-o", "codes.csv"]), tmp_path)
    assert (tmp_path / "codes.csv").exists()
    assert {"cv2", "onnxruntime"} <= loaded
    assert not loaded & {"tensorflow", "keras", "sklearn", "matplotlib", "rich", "pyarrow", "pypdfium2", "PIL"}


def test_public_names():
    import zipread

    for name in zipread.__all__:
        assert getattr(zipread, name) is not None
    with pytest.raises(AttributeError):
        _ = zipread.nothing


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_takes_from_the_package_is_there(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "zipread":
            for alias in node.names:
                exec(f"from {node.module} import {alias.name}", {})
