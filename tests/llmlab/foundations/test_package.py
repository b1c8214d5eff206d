import llmlab.foundations
from tests.llmlab.model.test_package import packages_added


def test_importing_the_foundations_adds_only_jaxtyping_and_einops_to_torch():
    added = packages_added("import llmlab.foundations", after="import torch")
    # wadler_lindig is what jaxtyping prints its types with.
    assert added - {"wadler_lindig"} == {"llmlab", "jaxtyping", "einops"}


def test_every_public_name_says_what_it_is():
    for name in llmlab.foundations.__all__:
        public = getattr(llmlab.foundations, name)
        assert isinstance(public, str) or public.__doc__, f"{name} has no docstring"
