"""Fuzzes one parser, guided by coverage: ``python tests/fuzzing/fuzz.py json --seconds 600 --seed 7 --out DIR``.

It needs atheris, which `pip install atheris` brings; the environment of ``make setup`` does not have it. Our own code is
instrumented, libraries are not. What breaks is written to DIR, one file for each place where it broke, and the run goes on;
an input over which the parser thinks for longer than five seconds ends it.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["adapters", "canonical", "markup", "validators"]):
    from fuzzing.targets import TARGETS

    import adapters.delimited
    import adapters.delimited_spans
    import adapters.documents
    import adapters.fhir
    import adapters.fhir_conformance
    import adapters.fhir_record
    import adapters.fhir_xml
    import adapters.fhir_xml_places
    import adapters.hl7_spans
    import adapters.json_spans
    import adapters.mapped
    import adapters.workbooks
    import adapters.xml_spans  # noqa: F401 - what is imported when it is met must be instrumented, too

#: Of instrumented code, on a machine that others use, too; the limits themselves are kept by the corpus.
_PATIENCE = 5


def main() -> None:
    """Fuzz until the time is over."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("target", choices=TARGETS)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    target = TARGETS[chosen.target]
    corpus, finds = chosen.out / "corpus", chosen.out / "finds"
    for folder in (corpus, finds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = chosen.out / "words"
    words.write_text("".join(map(_word, target.tokens)))

    def one(data: bytes) -> None:
        begun = time.process_time()
        try:
            target.one(data)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is what we look for
            _keep(finds, wrong, data)
        if time.process_time() - begun > 1:
            (finds / f"slow-{len(data)}").write_bytes(data)

    arguments = [
        f"-max_total_time={chosen.seconds}",
        f"-seed={chosen.seed}",
        f"-max_len={target.longest}",
        f"-timeout={_PATIENCE}",
        f"-dict={words}",
        f"-artifact_prefix={finds}/",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def _word(token: bytes) -> str:
    """Return a token as a dictionary of the fuzzer holds it."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'


def _keep(finds: Path, wrong: Exception, data: bytes) -> None:
    """Keep the shortest input for each place where something broke."""
    frame = traceback.extract_tb(wrong.__traceback__)[-1]
    name = f"{type(wrong).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
    file = finds / name
    if not file.exists() or file.stat().st_size > len(data):
        file.write_bytes(data)
        (finds / f"{name}.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    main()
