# %% [markdown]
# # Lab 04: Data
#
# *What does a language model know?* What its text says. And its text comes from the web: the article and the menu
# beside it, the story and its twelve copies, the letter and the telephone number below it, and now and then the very
# questions of the test by which the model will be judged. Of what a crawler brings home, the makers of good corpora
# throw most away. In this lab you write the steps by which they choose, and clean a corpus with them from end to end.
#
# **What you will be able to do after this lab:**
#
# - mend a text: encoding, spaces, paragraphs, what leads to a person;
# - judge a page by published rules, and say what each is good for and whom it hurts;
# - choose where a filter of harmful text cuts, and report its errors by group;
# - find copies, and near copies among a billion documents, without comparing each with each;
# - keep the test out of the training text.
#
# **What you need first:** Python's sets, dictionaries and regular expressions; tensors (lab 01). **Time:** two
# sittings of 100 to 120 minutes; a place to stop is marked in the middle.
#
# **Symbols.** For sets $A$ and $B$: $A \cap B$ is what both have, $A \cup B$ what at least one has, $|A|$ how many
# elements $A$ has. $x \bmod p$ is the remainder of $x$ divided by $p$, and $P(\dots)$ a probability. A **share** is a
# fraction from 0 to 1; a **corpus** (plural: corpora) is a collection of text.
#
# **What holds for every answer.** Unless the text says otherwise, an answer leaves its inputs as they are. Words come
# from `content_words` only where the text says so.

# %%
import math
import re
import unicodedata
from collections import Counter
from itertools import combinations, islice

import datasets
import matplotlib.pyplot as plt
import torch
from torch import Tensor

import llmlab.data as library
from autograder import check, hint, progress
from llmlab.data import PRIME, content_words

datasets.disable_progress_bars()

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("data.normalize_text")` shows a hint, and when you run it again, the next one.

# %% [markdown]
# ## Look first: what a crawler brings home
#
# A real crawl is too large for a lab, and nobody knows what is wrong with each of its pages. So we make one: five
# hundred little stories, drawn from a grammar, of which half are left as they are. To the others happens what happens
# on the web, and for each page we keep a note of *what* happened. At the end that note will say how good your steps
# are. The test set is fifty word problems, which some pages quote.

# %%
stories = list(islice(library.texts("tales", seed=4), 500))
test_set = [row["question"] for row in islice(library.rows("arithmetic", seed=4), 50)]
crawl = list(library.pages(stories, seed=4, questions=test_set))

for dirt, count in Counter(page.dirt for page in crawl).most_common():
    page = next(page for page in crawl if page.dirt == dirt)
    start = repr(page.text[:64] if dirt != "personal data" else page.text[-64:])
    print(f"{count:4} {dirt:17} {start}")

# %% [markdown]
# **Before you read on**, answer for yourself:
#
# 1. Which of these pages would you mend, and which would you throw away?
# 2. Which can you judge by the page alone? For which do you have to know the other pages?
# 3. What would a model learn from each kind, if nobody threw it away?

# %% [markdown]
# ## What others have built for you
#
# Some of the work is done by libraries that are kept well, and it would be a waste to write them again: `ftfy` (Speer,
# 2019) undoes a wrong guess of the encoding, `trafilatura` (Barbaresi, 2021) finds the article in a page of HTML, and
# `py3langid` (after Lui & Baldwin, 2012) names the language.

# %%
by_dirt = {page.dirt: page.text for page in reversed(crawl)}
broken, site = by_dirt["wrong encoding"], by_dirt["web page"]
print(f"before: {broken[:60]}\nafter:  {library.repair_encoding(broken)[:60]}\n")
print(f"before: {site[:60]}\nafter:  {library.extract_html(site)[:60]}\n")
for text in (stories[0], by_dirt["foreign language"]):
    code, probability = library.language(text)
    print(f"{code} ({probability:.0%}): {text[:60]}")

# %% [markdown]
# The first pair shows what happens when somebody writes UTF-8 (lab 03) and somebody else reads it as Windows-1252:
# each byte of a character becomes a character of its own. The bytes are still there, so it can be undone.

# %% [markdown]
# ## One text, written in many ways
#
# Here are two words. Are they the same?

# %%
one, two = "caf\u00e9", "cafe\u0301"
print(one, two, one == two, len(one), len(two))

# %% [markdown]
# A reader sees no difference; the computer sees nothing else. The accent can be part of the letter or stand behind
# it, a blank can be one that forbids a line end (`\u00a0`), and a word can hold a hyphen that nobody sees (`\u00ad`).
# A tokenizer would make different tokens of each (lab 03), and a search for copies would find none.
#
# So the first step gives each text **one way of writing what looks the same**:
#
# 1. Letters and accents are composed: Unicode's form **NFC**. (The form NFKC goes further. It also turns ½ into 1 and 2
#    with a bar between, and x² into x2, and so changes what the text says.)
# 2. The invisible characters `\u00ad` (soft hyphen), `\u200b` (zero-width space) and `\ufeff` (byte order mark) go.
# 3. Each run of spaces within a line, of whatever kind (blanks, tabs, no-break spaces), becomes one blank.
# 4. Lines lose the blanks at their beginning and end.
# 5. Between two lines with text there is at most **one** empty line. At the beginning and the end of the text there is
#    none, and no blank.
#
# The rules are to hold of the *result*: what one of them leaves behind is still to be mended by those that come
# after. (A letter and its accent have no invisible character between them here.) A line ends with `\n`; other line
# ends do not occur. All else stays: capitals, signs, and other characters that nobody sees, such as the joiner in
# 👩‍💻.
#
# For example, `"  A\u00a0\u00a0cafe\u0301 \n\n\n\n in so\u00adft rain\t"` becomes `"A café\n\nin soft rain"`.
#
# **Predict.** How many characters does `"cafe\u0301 \u00ad  x²"` have when it has been normalized? (Each `\u....` is
# one character.) Give the number the name `normalized_length`.

# %% exercise="data.normalized_length"
### BEGIN SOLUTION
normalized_length = 7
### END SOLUTION

# %% check="data.normalized_length"
check("data.normalized_length")

# %% [markdown]
# **Write** `normalize_text(text)`. `unicodedata.normalize(form, text)` composes; `re.sub(pattern, new, text)`
# replaces. In a pattern `[^\S\n]` stands for 'a space that is not a line end', and `x{3,}` for 'three x or more'.


# %% exercise="data.normalize_text"
def normalize_text(text: str) -> str:
    """Give a text one way of writing what looks the same.

    Args:
        text: Any text.

    Returns:
        The text with composed letters, single blanks, and at most one empty line in a row.
    """
    ### BEGIN SOLUTION
    text = unicodedata.normalize("NFC", text)
    text = re.sub("[\u00ad\u200b\ufeff]", "", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
    ### END SOLUTION


# %% check="data.normalize_text"
check("data.normalize_text")

# %% [markdown]
# ## Rules of thumb
#
# The next question is harder: *is this page any good?* The makers of Gopher (Rae et al., 2021) answered it with rules
# so simple that each is one number and a bound. A page is kept if it breaks none:
#
# | name | the number | is kept | what it is for |
# |---|---|---|---|
# | `length` | words | 50 to 100,000 | headings; dumps of data |
# | `word length` | mean characters a word | 3 to 10 | codes; text without spaces |
# | `symbols` | `#`, `...` and `…`, over words | at most 0.1 | tags; teasers |
# | `bullets` | lines that begin with one of `-*•‣·●`, over lines | at most 0.9 | lists of links |
# | `ellipses` | lines that end with `...` or `…`, over lines | at most 0.3 | teasers |
# | `letters` | words with at least one letter, over words | at least 0.8 | tables of numbers |
# | `stop words` | *different* ones of the, be, to, of, and, that, have, with | at least 2 | lists of keywords |
#
# **Words** are what stands between spaces, with their punctuation (`text.split()`). **Lines** are those that hold
# something, without the spaces at their ends. The three dots of `...` are one symbol; longer runs of dots do not
# occur. A bullet may have no blank behind it. Stop words are whole words, in small letters or capitals.
#
# **A worked example.** `"# Sale # now... # #"` has six words. Its symbols are four `#` and one `...`, so the share is
# $5/6$. It breaks `length` (6 words), `word length` ($14/6 \approx 2.3$), `symbols`, `letters` ($2/6$) and
# `stop words`; its only line has no bullet and does not trail off. The answer is
# `["length", "word length", "symbols", "letters", "stop words"]`.
#
# **Write** `gopher_quality(text)`: the names of the rules that a text breaks, in the order of the table.


# %% exercise="data.gopher_quality"
def gopher_quality(text: str) -> list[str]:
    """Name the quality rules of Gopher that a text breaks.

    Args:
        text: A page with at least one word.

    Returns:
        The names of the broken rules in the order of the table; empty for a good page.
    """
    ### BEGIN SOLUTION
    words = text.split()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    symbols = text.count("#") + text.count("...") + text.count("…")
    bullets = sum(line[0] in "-*•‣·●" for line in lines)
    ellipses = sum(line.endswith(("...", "…")) for line in lines)
    letters = sum(any(map(str.isalpha, word)) for word in words)
    stop_words = {"the", "be", "to", "of", "and", "that", "have", "with"}
    broken = {
        "length": not 50 <= len(words) <= 100_000,
        "word length": not 3 <= sum(map(len, words)) / max(1, len(words)) <= 10,
        "symbols": symbols / max(1, len(words)) > 0.1,
        "bullets": bullets / max(1, len(lines)) > 0.9,
        "ellipses": ellipses / max(1, len(lines)) > 0.3,
        "letters": letters / max(1, len(words)) < 0.8,
        "stop words": len(stop_words & {word.lower() for word in words}) < 2,
    }
    return [name for name, is_broken in broken.items() if is_broken]
    ### END SOLUTION


# %% check="data.gopher_quality"
check("data.gopher_quality")

# %% [markdown]
# **What the rules do not see.** Try them on pages that you would keep. The next cell judges a telegram, a to-do list,
# a price list and a paragraph in German. Which rules hurt whom?

# %%
trials = {
    "a telegram": "ARRIVED SAFELY STOP WEATHER FINE STOP BOAT LEAVES MONDAY STOP LOVE TO ALL STOP ADA",
    "a to-do list": "\n".join(["- call the plumber", "- feed the owl", "- 3 stamps"] * 8),
    "a price list": "Tea 2.50 coffee 3.20 cake 4.10 bread 1.90 " * 10,
    "German": by_dirt["foreign language"],
}
for name, text in trials.items():
    print(f"{name:13} {', '.join(library.gopher_quality(text)) or 'is kept'}")

# %% [markdown]
# Rules like these fit long English prose, for they were made for it. They are still in use, since they are fast and
# everybody can read them: FineWeb begins with them, and FineWeb-Edu (both Penedo et al., 2024) then lets a trained
# classifier choose among what is left.

# %% [markdown]
# ## Who pays for a filter
#
# Some text should not be learned: threats, hatred, abuse. C4 (Raffel et al., 2020) dropped each page with a word from
# a list of bad words. Dodge et al. (2021) looked at what had gone: 42 % of the documents in African American English,
# and 6 % of those in white-aligned English. Today a **classifier** gives each document a score, and whoever uses it
# chooses a **threshold**: what scores at least as much is removed. Classifiers inherit the habits of those who
# labeled their examples (Sap et al., 2019), so **a filter decides who is heard**.
#
# To see it, people read a sample and say which documents are really harmful. A filter then has two kinds of error:
#
# - a **false positive** is a harmless document that is removed; the *false-positive rate* is their share of all
# *harmless*   documents;
# - a **miss** is a harmful document that stays; the *miss rate* is their share of all *harmful* documents.
#
# Somebody sets a limit: of all harmless documents, at most this share may be lost. The best threshold is then the
# **lowest** that keeps to the limit, since it misses least.
#
# **Predict.** There are 9,000 harmless pages of news and 1,000 harmless pages of a forum, and the limit is 0.02. What
# is the largest share of the harmless *forum* pages that a filter may remove and still keep to it? Name it
# `largest_share`.

# %% exercise="data.largest_share"
### BEGIN SOLUTION
largest_share = 200 / 1000
### END SOLUTION

# %% check="data.largest_share"
check("data.largest_share")

# %% [markdown]
# **A worked example** with nine documents of two groups; the harmful ones are in bold.
#
# | group | scores |
# |---|---|
# | news | 0.1, 0.2, 0.4, **0.35**, **0.8** |
# | forum | 0.3, 0.7, **0.5**, **0.9** |
#
# There are 5 harmless documents. With a limit of 0.2 one of them may go. A threshold of 0.4 would remove two (0.4 and
# 0.7); 0.5 removes one. So the threshold is 0.5. News: none of 3 harmless documents is removed, and 1 of 2 harmful
# ones stays. Forum: 1 of 2 is removed, none stays. The answer is `(0.5, {"news": (0.0, 0.5), "forum": (0.5, 0.0)})`.
# *One in five* was promised; for the forum it is one in two.
#
# **Write** `harm_threshold(scores, harmful, groups, limit)`. The candidates are the scores themselves. Where none of
# them keeps to the limit, nothing is removed: the threshold is `math.inf`. Where a group has no document of a kind,
# that rate is 0. Scores may be any numbers, and come in no order.


# %% exercise="data.harm_threshold"
def harm_threshold(
    scores: list[float], harmful: list[bool], groups: list[str], limit: float
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Choose where a classifier of harmful content cuts, and report its errors by group.

    Args:
        scores: The score of each document; those with at least the threshold are removed.
        harmful: Whether each document is really harmful; at least one is not.
        groups: The group of each document.
        limit: The largest share of all harmless documents that may be removed.

    Returns:
        The lowest score that keeps to the limit (infinity where none does), and for each group its false-positive rate
        and its miss rate (0 where it has no documents of that kind).
    """
    ### BEGIN SOLUTION
    documents = list(zip(scores, harmful, groups, strict=True))
    harmless = [score for score, is_harmful, _ in documents if not is_harmful]

    def share_removed(cut: float) -> float:
        return sum(score >= cut for score in harmless) / len(harmless)

    threshold = min((cut for cut in scores if share_removed(cut) <= limit), default=math.inf)
    errors = {}
    for group in groups:
        good = [
            score for score, is_harmful, other in documents if other == group and not is_harmful
        ]
        bad = [score for score, is_harmful, other in documents if other == group and is_harmful]
        false_positives = sum(score >= threshold for score in good) / max(1, len(good))
        errors[group] = (
            false_positives,
            sum(score < threshold for score in bad) / max(1, len(bad)),
        )
    return threshold, errors
    ### END SOLUTION


# %% check="data.harm_threshold"
check("data.harm_threshold")

# %% [markdown]
# The next cell draws scores as a classifier might give them that knows news better than the forum, and moves the
# threshold. **Predict first:** where is the gap between the groups largest? Then change the limit.

# %%
limit = 0.05
generator = torch.Generator().manual_seed(4)
drawn, marks, sources = [], [], []
for source, is_harmful, mean, count in (
    ("news", False, 0.2, 900),
    ("forum", False, 0.4, 100),
    ("news", True, 0.7, 50),
    ("forum", True, 0.75, 50),
):
    drawn += (mean + 0.15 * torch.randn(count, generator=generator)).tolist()
    marks += [is_harmful] * count
    sources += [source] * count
cut, by_group = library.harm_threshold(drawn, marks, sources, limit)
figure, axis = plt.subplots(figsize=(6.5, 3.6))
for source, style in (("news", "-"), ("forum", "--")):
    own = torch.tensor(
        [x for x, bad, one in zip(drawn, marks, sources, strict=True) if one == source and not bad]
    )
    axis.plot(
        grid := torch.linspace(0, 1, 101),
        (own >= grid[:, None]).float().mean(dim=1),
        style,
        label=source,
    )
axis.axvline(cut, color="gray", linestyle=":", label=f"threshold for a limit of {limit}")
axis.set(
    title=f"{limit:.0%} of all harmless pages go: "
    f"{by_group['forum'][0]:.0%} of the forum's, {by_group['news'][0]:.0%} of the news",
    xlabel="threshold (score)",
    ylabel="harmless pages removed (share)",
)
axis.legend()
plt.show()

# %% [markdown]
# ## What leads to a person
#
# A model can recite what it has read often enough, and sometimes what it has read once: Carlini et al. (2021) got
# names, addresses and telephone numbers out of GPT-2. What has a form can be found by it, before the model sees it. We
# put a word in its place, so that the sentence stays a sentence.
#
# An electronic address has three parts:
#
# - before the @: one or more letters, digits and the signs `.` `_` `+` `-`;
# - behind it: one or more names of letters, digits and hyphens, each followed by a dot;
# - at the end: two or more letters.
#
# For example, `"Ask ada.l+x@mail.example.org, or @ben."` becomes `"Ask [EMAIL], or @ben."`. The full stop that ends a
# sentence is no part of an address. What has no dot behind the @ is none: `user@localhost` stays, and so does
# `ada@10.0.0.42`, which does not end with letters. Letters are those from a to z, small or capital; an address is
# followed by a space, a bracket, a sign such as a comma or a full stop, or the end of the text.
#
# **Write** `scrub_emails(text)`: put `[EMAIL]` in the place of each address. (In `re`, a group that is only there to
# be repeated is written `(?:...)`. Within brackets, a hyphen at the end means itself.)


# %% exercise="data.scrub_emails"
def scrub_emails(text: str) -> str:
    """Put [EMAIL] in the place of each electronic address.

    Args:
        text: Any text.

    Returns:
        The text without addresses, and otherwise as it was.
    """
    ### BEGIN SOLUTION
    return re.sub(r"[\w.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", "[EMAIL]", text)
    ### END SOLUTION


# %% check="data.scrub_emails"
check("data.scrub_emails")

# %% [markdown]
# `library.scrub_personal_data` also finds telephone numbers, addresses of machines and the numbers of cards (whose
# last digit is a check on the others). Names have no form, and stay. So do stories that could be told of one person
# only. Scrubbing lowers the risk; it does not take it away.

# %% [markdown]
# ## The same text again
#
# Lee et al. (2022) found a sentence of 61 words in C4 that stood there more than 60,000 times. A model that is
# trained on copies learns them by heart: without them it recited ten times less, with fewer steps of training. So of
# each text one copy is enough.
#
# To compare each document with each, you would need about $n^2/2$ comparisons: for a billion documents, half a
# billion billion. A **set** needs one look for each. We give each text a **key**, and ask whether the key has been
# seen. The key should be the same when a reader would say 'the same words'. `content_words(text)` gives the words in
# small letters, without punctuation:

# %%
print(content_words("The OWL's  old tree!"))

# %% [markdown]
# For example, of `["The owl.", "A tree", "the  OWL", "owl, the"]` the documents 0, 1 and 3 stay: number 2 has the
# words of number 0, and number 3 has them in another order, which makes it another text.
#
# **Write** `unique_documents(texts)`: the indices of the documents to keep, when of those with the same words the
# **first** one stays. Texts without any word all have the same words: none. A look into a set takes as long however much
# is in it; to compare each text with all before it is right too, and hopeless for a billion.


# %% exercise="data.unique_documents"
def unique_documents(texts: list[str]) -> list[int]:
    """Find the documents to keep when those with the same words as an earlier one go.

    Args:
        texts: The documents.

    Returns:
        The indices of the first of each kind, in rising order.
    """
    ### BEGIN SOLUTION
    seen = set()
    kept = []
    for index, text in enumerate(texts):
        key = " ".join(content_words(text))
        if key not in seen:
            seen.add(key)
            kept.append(index)
    return kept
    ### END SOLUTION


# %% check="data.unique_documents"
check("data.unique_documents")

# %% [markdown]
# (For a billion documents even the keys are too much. One keeps a **hash** of each, a number computed from it that is
# practically never the same for two, 16 bytes long; or a Bloom filter (Bloom, 1970), which needs 4 bytes a document
# and now and then takes a new one for an old one.)

# %% [markdown]
# ## A place to stop
#
# Here the first half ends: the steps that look at one page, and the search for exact copies. The second half is about
# copies that are not exact, and about tests.

# %% [markdown]
# ## Nearly the same text
#
# One changed word, and the key is another. But most copies on the web *are* changed: another date, another
# advertisement in the middle. How much do two texts resemble each other?
#
# Cut both into overlapping runs of $k$ words, called **shingles** (Broder, 1997), and compare the sets $A$ and $B$ of
# their shingles:
#
# $$J(A, B) = \frac{|A \cap B|}{|A \cup B|}$$
#
# where $|A \cap B|$ is the number of shingles that both have and $|A \cup B|$ the number of those that at least one
# has. This is the **Jaccard index** (1901). It is 1 for equal sets and 0 for sets that share nothing. A shingle that
# comes twice is in the set once.
#
# **A worked example** with $k = 2$: *the owl saw the owl* has the shingles {the owl, owl saw, saw the}; *the owl saw a
# dog* has {the owl, owl saw, saw a, a dog}. They share 2, and together have 5: $J = 2/5$.
#
# **Predict.** A text has 100 words, all different. In a copy one word near the middle is changed. How much do the two
# resemble each other, with $k = 5$? Write the fraction, and name it `changed_word`.

# %% exercise="data.changed_word"
### BEGIN SOLUTION
changed_word = 91 / 101
### END SOLUTION

# %% check="data.changed_word"
check("data.changed_word")

# %% [markdown]
# **Write** `resemblance(first, second, size)`. Take the words from `content_words`. A text of fewer than `size` words
# has one shingle: all its words. Both texts have at least one word.


# %% exercise="data.resemblance"
def resemblance(first: str, second: str, size: int = 5) -> float:
    """Measure how much two texts resemble each other.

    Args:
        first: A text.
        second: Another text.
        size: How many words a shingle has.

    Returns:
        The Jaccard index of their sets of shingles, from 0 to 1.
    """
    ### BEGIN SOLUTION
    sets = []
    for text in (first, second):
        words = content_words(text)
        count = max(1, len(words) - size + 1)
        sets.append({tuple(words[i : i + size]) for i in range(count)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    ### END SOLUTION


# %% check="data.resemblance"
check("data.resemblance")

# %%
near = next(page for page in crawl if page.dirt == "near copy")
likeness = {story: library.resemblance(story, near.text) for story in stories}
original = max(likeness, key=likeness.get)
print(f"A near copy resembles its original by {likeness[original]:.2f},")
print(f"and the next story by {sorted(likeness.values())[-2]:.2f}.")

# %% [markdown]
# ## A short signature
#
# Now we know what to measure. But a document of a thousand words has a thousand shingles, and we cannot compare a
# billion such sets, two by two. Two ideas help. The first makes the sets small.
#
# Give each shingle a number $x$, and let a function $h$ shuffle all numbers. Which shingle of a document comes out
# *smallest*? With a random shuffle, each shingle of $A \cup B$ has the same chance to be the smallest of all of them.
# When it is one that both documents have, then both have the same smallest value. So
#
# $$P\big(\min h(A) = \min h(B)\big) = \frac{|A \cap B|}{|A \cup B|} = J(A, B)$$
#
# That is worth reading twice. **One number of each document says yes or no, and the probability of yes is what we want
# to know.** With many functions $h_1, h_2, \dots$ each document has a **signature** of as many numbers, and the share
# of places in which two signatures agree estimates $J$. This is MinHash (Broder, 1997).
#
# For the shuffle we take functions of the form (Carter & Wegman, 1979)
#
# $$h_i(x) = (a_i \, x + b_i) \bmod p$$
#
# where $p = 2^{31} - 1$ is a prime (`PRIME`), $a_i$ is drawn from $1, \dots, p - 1$ (`multipliers`) and $b_i$ from
# $0, \dots, p - 1$ (`offsets`). The remainder is what shuffles: without it a larger $x$ always has a larger value.
#
# **A worked example** with the shingles $x \in \{3, 10, 7\}$, and $p = 11$ to keep the numbers small:
#
# | | $x = 3$ | $x = 10$ | $x = 7$ | smallest |
# |---|---|---|---|---|
# | $h_1(x) = (2x + 1) \bmod 11$ | 7 | 10 | 4 | **4** |
# | $h_2(x) = (5x + 0) \bmod 11$ | 4 | 6 | 2 | **2** |
#
# The signature is `[4, 2]`.
#
# **Write** `minhash_signature(numbers, multipliers, offsets)`. All three are tensors of whole numbers with 64 bits,
# which hold the products.


# %% exercise="data.minhash_signature"
def minhash_signature(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Make the signature of a set of shingles.

    Args:
        numbers: The shingles as numbers from 0 to PRIME - 1, (shingles,).
        multipliers: The a of each function, (hashes,).
        offsets: The b of each function, (hashes,).

    Returns:
        The smallest value of each function, (hashes,).
    """
    ### BEGIN SOLUTION
    values = (multipliers[:, None] * numbers + offsets[:, None]) % PRIME
    return values.amin(dim=1)
    ### END SOLUTION


# %% check="data.minhash_signature"
check("data.minhash_signature")

# %% [markdown]
# Is it true? The next cell takes a story, changes ever more of its words, and compares the true resemblance with its
# estimate, from signatures of 16 and of 112 numbers. **Predict first:** how far will the estimates be off? Then change
# the two numbers, and run it again.

# %%
few, many = 16, 112
generator = torch.Generator().manual_seed(4)
words = " ".join(stories[:3]).split()
copies = []
for changes in range(0, 120, 2):
    places = torch.randperm(len(words), generator=generator)[:changes].tolist()
    copies.append(" ".join("other" if i in places else word for i, word in enumerate(words)))


def estimates(count: int) -> list[float]:
    """Estimate how much each copy resembles the first, by signatures of so many numbers."""
    functions = library.hash_functions(count, seed=1)
    signatures = [
        library.minhash_signature(torch.tensor(library.shingle_numbers(copy)), *functions)
        for copy in copies
    ]
    return [library.estimated_resemblance(signatures[0], one) for one in signatures]


true = torch.tensor([library.resemblance(copies[0], copy) for copy in copies])
figure, axis = plt.subplots(figsize=(6, 4))
errors = {}
for count, mark in ((few, "x"), (many, "o")):
    guessed = torch.tensor(estimates(count))
    errors[count] = (guessed - true).square().mean().sqrt().item()
    axis.plot(true, guessed, mark, fillstyle="none", label=f"{count} numbers")
axis.plot([0, 1], [0, 1], "k:", label="no error")
axis.set(
    title=f"{many} numbers estimate the resemblance to ±{errors[many]:.2f}, {few} to ±{errors[few]:.2f}",
    xlabel="true resemblance (no unit)",
    ylabel="estimate (no unit)",
)
axis.legend()
plt.show()

# %% [markdown]
# The error falls with the root of the length: the estimate is a mean of yes and no, like that of a coin. A document
# of any length is now 112 numbers, 448 bytes.

# %% [markdown]
# ## Who has to be compared
#
# The second idea makes the comparisons few. Cut each signature into **bands** of a few rows. Two documents become
# **candidates** when they agree in *all* rows of *at least one* band. To find them, put each document, for each band,
# into a bucket named by that piece of its signature. Whoever lies in one bucket is a pair of candidates. This is
# locality-sensitive hashing (Indyk & Motwani, 1998).
#
# Why does it work? A row agrees with probability $s$, the resemblance. All $r$ rows of a band agree with $s^r$. That
# at least one of $b$ bands agrees has the probability
#
# $$P(s) = 1 - (1 - s^r)^b$$
#
# which is close to 0 for small $s$, close to 1 for large $s$, and steep between.
#
# **Predict.** The same 112 numbers are cut into 28 bands of 4 rows, where they were cut into 14 bands of 8 rows
# before. What becomes of pairs with a resemblance of 0.5?
#
# - `"a"`: Many more of them meet, about four of five, where it was one of twenty.
# - `"b"`: Fewer of them meet, since there are more bands to agree in.
# - `"c"`: Just as many meet as before: the numbers are the same.
# - `"d"`: Twice as many meet: bands of half the rows agree twice as often.
#
# Give the letter the name `more_bands`.

# %% exercise="data.more_bands"
### BEGIN SOLUTION
more_bands = "a"
### END SOLUTION

# %% check="data.more_bands"
check("data.more_bands")

# %% [markdown]
# Change the numbers below and see what they do:

# %%
choices = {(14, 8): "-", (28, 4): "--", (7, 16): ":"}  # (bands, rows): style
grid = torch.linspace(0, 1, 101)
figure, axis = plt.subplots(figsize=(6.5, 3.6))
for (count, rows), style in choices.items():
    chance = [library.chance_of_meeting(s, count, rows) for s in grid.tolist()]
    axis.plot(grid, chance, style, label=f"{count} bands of {rows} rows")
half = next(s for s in grid.tolist() if library.chance_of_meeting(s, 14, 8) > 0.5)
axis.set(
    title=f"More rows make the step steeper: 14 bands of 8 find half of all pairs at {half:.2f}",
    xlabel="resemblance of two documents (no unit)",
    ylabel="probability to meet (no unit)",
)
axis.legend()
plt.show()

# %% [markdown]
# FineWeb (Penedo et al., 2024), one of the large open corpora, uses shingles of 5 words and 14 bands of 8 rows. So do
# we.
#
# **A worked example** with 3 documents, signatures of 4 numbers, and 2 bands (so 2 rows each):
#
# | document | band 0 | band 1 |
# |---|---|---|
# | 0 | 1 2 | 3 4 |
# | 1 | 1 2 | 9 9 |
# | 2 | 9 9 | 3 4 |
#
# Documents 0 and 1 meet in band 0, documents 0 and 2 in band 1. Documents 1 and 2 both have `9 9`, but in
# **different** bands, which come from different functions: they do not meet. The answer is `{(0, 1), (0, 2)}`.
#
# **Write** `candidate_pairs(signatures, bands)`. A bucket with three documents holds three pairs.
# `signatures.chunk(bands, dim=1)` cuts; a tensor cannot be a key of a dictionary, and `tuple(row.tolist())` can;
# `combinations(documents, 2)` gives all pairs. An answer that compares each document with each is right, and not
# accepted: for eight times as many documents that hardly meet, eight times the time must do.


# %% exercise="data.candidate_pairs"
def candidate_pairs(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Find the pairs of documents that agree in all places of at least one band.

    Args:
        signatures: One row a document, (documents, hashes).
        bands: How many equal bands a signature is cut into.

    Returns:
        Pairs (i, j) of row numbers with i < j.
    """
    ### BEGIN SOLUTION
    pairs = set()
    for band in signatures.chunk(bands, dim=1):
        buckets = {}
        for document, row in enumerate(band):
            buckets.setdefault(tuple(row.tolist()), []).append(document)
        for documents in buckets.values():
            pairs.update(combinations(documents, 2))
    return pairs
    ### END SOLUTION


# %% check="data.candidate_pairs"
check("data.candidate_pairs")

# %%
texts = [page.text for page in crawl]
functions = library.hash_functions(112, seed=1)
signatures = torch.stack(
    [
        library.minhash_signature(torch.tensor(library.shingle_numbers(text)), *functions)
        for text in texts
    ]
)
found = library.candidate_pairs(signatures, 14)
every = len(texts) * (len(texts) - 1) // 2
print(f"{len(found):,} candidates of {every:,} pairs; for example:")
for i, j in sorted(found)[:3]:
    print(f"{library.resemblance(texts[i], texts[j]):.2f}  {crawl[i].dirt} and {crawl[j].dirt}")

# %% [markdown]
# Most pairs never meet, and nobody has to look at them. What does it cost for a billion documents? One look into each
# of 14 dictionaries for each document.

# %% [markdown]
# ## Do not train on the test
#
# Some pages of the crawl quote the test set. A model that has read the questions, and perhaps the answers, is no
# longer measured by them. GPT-3 (Brown et al., 2020) looked for pages that share a run of 13 words with a test, and
# so do most since. A page is **contaminated** by a question if they share at least one run of `size` words. A page or
# a question with fewer words has no such run, and is left out: *What is it?* stands everywhere.
#
# For example, with `size=3`, the page *I asked: How MANY owls are there?* shares *how many owls*, *many owls are* and
# *owls are there* with the question *How many owls are there in the tree?*.
#
# **Predict.** A page quotes a question of 20 different words, with the 15th word changed. How many runs of 13 words do
# they share? Name the number `runs_left`.

# %% exercise="data.runs_left"
### BEGIN SOLUTION
runs_left = 2
### END SOLUTION

# %% check="data.runs_left"
check("data.runs_left")

# %% [markdown]
# **Write** `contaminated_by(text, evaluation, size)`: the indices of the questions that contaminate a text. Take the
# words from `content_words`, so that capitals and punctuation do not count.


# %% exercise="data.contaminated_by"
def contaminated_by(text: str, evaluation: list[str], size: int = 13) -> list[int]:
    """Find the evaluation texts with which a text shares a run of words.

    Args:
        text: A page.
        evaluation: The questions of a test.
        size: How many words a run has.

    Returns:
        The indices of the questions, in rising order.
    """

    ### BEGIN SOLUTION
    def runs(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}

    own = runs(content_words(text))
    return [i for i, question in enumerate(evaluation) if own & runs(content_words(question))]
    ### END SOLUTION


# %% check="data.contaminated_by"
check("data.contaminated_by")

# %% [markdown]
# ## Your pipeline
#
# Now put your steps together. First each page is mended: by the libraries that you saw, and by you. Then three
# questions decide whether it stays: is it good, is it new, is it from the test? At last, what leads to a person goes.
# Read the order from top to bottom. Why does normalization come before the search for copies, and scrubbing last?


# %%
def mend(text: str) -> str:
    """Take the text out of a page and write it in one way."""
    text = library.extract_html(text) or "" if library.is_html(text) else text
    return normalize_text(library.strip_boilerplate(library.repair_encoding(text)))


def near_copies(texts: list[str], threshold: float = 0.7) -> set[int]:
    """Find the documents that nearly repeat an earlier one."""
    signatures = torch.stack(
        [
            minhash_signature(torch.tensor(library.shingle_numbers(text)), *functions)
            for text in texts
        ]
    )
    pairs = candidate_pairs(signatures, bands=14)
    return {j for i, j in pairs if resemblance(texts[i], texts[j]) >= threshold}


def clean(pages: list[str]) -> tuple[dict[int, str], dict[str, list[int]]]:
    """Clean a corpus: give the texts that stay, by number, and the numbers that each step removed."""
    texts = {number: mend(page) for number, page in enumerate(pages)}
    removed = {}

    def remove(step: str, numbers: list[int]) -> None:
        removed[step] = numbers
        for number in numbers:
            del texts[number]

    remove("language", [n for n, text in texts.items() if library.language(text)[0] != "en"])
    remove("rules", [n for n, text in texts.items() if gopher_quality(text)])
    numbers = list(texts)
    first = {numbers[i] for i in unique_documents(list(texts.values()))}
    remove("copies", [n for n in numbers if n not in first])
    numbers = list(texts)
    remove("near copies", sorted(numbers[i] for i in near_copies(list(texts.values()))))
    remove("test questions", [n for n, text in texts.items() if contaminated_by(text, test_set)])
    return {number: scrub_emails(text) for number, text in texts.items()}, removed


# %% [markdown]
# ## What each step removed
#
# We know what happened to each page. So we can ask of each step: was it right? Our stories are all of one kind, and
# rules are kind to them. So we put six pages among them that a person would keep: a poem, a recipe, a dialog, a
# letter, a paragraph in dialect and a glossary. **Predict first:** which of them stay?

# %%
voices = {
    "poem": "The owl has closed her yellow eye,\nThe wind is in the weir,\nAnd one by one the stars go by\n"
    "As if they did not hear.",
    "recipe": "\n".join(
        f"- {what}" for what in ("2 eggs", "100 g of sugar", "a spoon of the best butter") * 8
    ),
    "dialog": "\n".join(
        ["- Well?", "- Nothing yet...", "- And the boat?", "- Gone, I fear..."] * 6
    ),
    "letter": "Dear Ada, the rain has stopped at last, and we have opened all the windows to the garden. Your mother is "
    "well and sends her love. She says that the apples will be early, so come before the end of the month, and bring the "
    "children with you. There is room for everybody, and the river is warm enough to swim. Yours, Ben",
    "dialect": "Och, ye ken fine whit like the auld yin wis. She widnae bide in the hoose, and she widnae gang oot, an aw "
    "the weans wis feart o her. But gie her a wee dram, an she wid sing ye sangs that naebody kens noo. My granny tellt me, "
    "an her granny tellt her, and noo I tell it tae you, sae haud yer wheesht an listen weel tae it.",
    "glossary": "\n".join(
        f"* {term}: see page {n}"
        for n, term in enumerate(["owl", "tree", "moon", "river", "stone"] * 3, 10)
    ),
}
crawl += [library.Page(text, kind, text) for kind, text in voices.items()]
kept, removed = clean([page.text for page in crawl])
good = {"clean", "wrong encoding", "web page", "boilerplate", "personal data", *voices}
rightly = [sum(crawl[n].dirt not in good for n in numbers) for numbers in removed.values()]
wrongly = [len(numbers) - right for numbers, right in zip(removed.values(), rightly, strict=True)]
missed = [n for n in kept if crawl[n].dirt not in good]
figure, axis = plt.subplots(figsize=(7.5, 3.4))
rows = range(len(removed))
axis.barh(rows, rightly, label="should go", color="0.75", edgecolor="black")
axis.barh(
    rows,
    wrongly,
    left=rightly,
    label="should have stayed",
    color="white",
    edgecolor="black",
    hatch="///",
)
axis.set_yticks(rows, list(removed))
axis.invert_yaxis()
axis.set(
    title=f"{sum(rightly)} of {sum(rightly) + len(missed)} bad pages are gone, "
    f"and {sum(wrongly)} of {sum(page.dirt in good for page in crawl)} good ones with them",
    xlabel="removed (pages)",
)
axis.legend()
plt.show()

for step, numbers in removed.items():
    print(f"{step:15} {dict(Counter(crawl[n].dirt for n in numbers).most_common())}")
print(f"{'still here':15} {dict(Counter(crawl[n].dirt for n in missed).most_common())}")
print(
    f"\n{len(kept)} of {len(crawl)} pages are kept. The first one:\n\n{next(iter(kept.values()))}"
)

# %% [markdown]
# Each good page that went is of a kind that the rules were not made for. And do not believe such a picture too soon:
# these pages are of our own making, and each was spoiled in one way, for which there is one step. On the web nobody
# has left a note, and a page is good for one reader and useless to the next.
#
# Some things to try:
#
# - Take a step out, or move it: what happens when copies are sought before the pages are mended?
# - Lower the threshold of `near_copies` to 0.15. Nothing changes: 14 bands of 8 rows hardly let such pairs meet. Now
#   take 56 bands as well. Which good pages go, and are they really copies?
# - Clean a text of your own: `clean(open("my.txt").read().split("\n\n"))`.
#
# ## The same at speed
#
# Your steps are those of real corpora. What changes with the size is how they run. `library.clean_dataset` does all of
# this with `datasets`, on as many processes as you like; `library.clean_stream` in constant memory; and
# `llmlab.data.cluster` on many machines. Each keeps a report. Open a reason to see what was thrown away for it:

# %%
pages = datasets.Dataset.from_dict({"text": [page.text for page in crawl]})
cleaned, report = library.clean_dataset(pages, library.default_steps(evaluation=test_set))
report

# %% [markdown] question="data.who_decides" points=2
# **A team wants to train a model on 'good text' only. They drop every page that breaks one of Gopher's rules, and
# every page that a classifier finds unlike Wikipedia.** Name two kinds of text that this loses and that a model for
# everybody should have read, and say for each *why* it is lost. Then say how the team could find out what they lose,
# before they train. Four to six sentences.
#
# ### BEGIN SOLUTION
# Gopher's rules were made for long English prose, so they lose poems and dialogs (too short, or in short lines),
# recipes and instructions (lists), source code and tables (few letters, few stop words), and every language that does
# not have the English stop words. A classifier that was trained to tell Wikipedia from the rest loses what is written
# in another voice: letters, forums, spoken language, dialects, the way in which a minority writes, and texts about
# daily life that no encyclopedia has. To find out, look at samples of what each rule and each score removes, at random
# and not only the worst; count how much of each kind, source, language or dialect is removed, and compare the shares;
# ask people who write like that; and train small models with and without the filter, and measure them on tasks of
# different groups, not only on one average.
#
# Marking: half a point for each kind of text with its reason (half of that without a reason). 1 point for a way to
# find out that looks at what is removed, or compares groups; half a point for 'look at the benchmark' alone.
# ### END SOLUTION

# %% [markdown]
# ## What you have built
#
# One way of writing, rules, a threshold with its errors, scrubbing, copies, near copies in less than quadratic time, and a test that stays a test.
# Compare your answers with `llmlab/data/`: the plain versions are in `cleaning.py`, `filters.py`, `harm.py`, `personal.py`,
# `duplicates.py` and `decontamination.py`, the fast ones in `minhash.py` and `pipeline.py`.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Broder (1997), *On the Resemblance and Containment of Documents*; Indyk & Motwani (1998), *Approximate Nearest
#   Neighbors*.
# - Raffel et al. (2020), *Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer*: C4.
# - Brown et al. (2020), *Language Models are Few-Shot Learners*: appendices A and C, on filters and overlaps with
# tests.
# - Rae et al. (2021), *Scaling Language Models: Methods, Analysis & Insights from Training Gopher*: appendix A.
# - Sap et al. (2019), *The Risk of Racial Bias in Hate Speech Detection*.
# - Dodge et al. (2021), *Documenting Large Webtext Corpora*; Carlini et al. (2021), *Extracting Training Data from
# Large   Language Models*.
# - Lee et al. (2022), *Deduplicating Training Data Makes Language Models Better*.
# - Penedo et al. (2024), *The FineWeb Datasets*; Soldaini et al. (2024), *Dolma*; Li et al. (2024), *DataComp-LM*.
#
# In the project, `course/04_data.md` tells the history, and lab 07 trains a model on clean stories.
