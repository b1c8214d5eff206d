# %% [markdown]
# # Lab 03: Tokenization
#
# *How often does the letter r stand in 'strawberry'?* You look at the letters and count. Language models that wrote
# sonnets failed at such questions (Edman et al., 2024, tested many). They never saw the letters. A model reads
# **tokens**: numbers that stand for pieces of text, and nobody tells it how a piece is spelled. In this lab you build
# the part that turns text into these numbers and back, in three ways, and you see what it makes easy and what it
# makes hard.
#
# **What you will be able to do after this lab:**
#
# - say what characters, code points and bytes are, and why models start from bytes;
# - train a byte pair encoding from scratch, encode and decode with it, and explain each rule that it needs;
# - score pairs as WordPiece does, and find the best cut of a word as Unigram does;
# - show why numbers, spelling and other scripts are hard for a model.
#
# **What you need first:** Python's lists, tuples and dictionaries; logarithms (lab 01). **Time:** about three and a
# half hours, in two sittings; 'A place to stop' marks the middle.
#
# **Signs used here:** $a, b$ are tokens, $C(a, b)$ counts a pair of them and $C(a)$ one alone; $w$ is a word, $f(w)$ how
# often it comes; $p$ is a probability, $\log$ the natural logarithm; $\sum$ adds up and $\prod$ multiplies. Places
# count from 0. Unless the text says otherwise, an answer leaves its inputs as they are.

# %%
import os
import time
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from pydoc_data.topics import topics
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
from IPython.display import display

import llmlab.tokenization as library
from autograder import check, hint, progress
from llmlab.widgets import TokenizerView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("tokenization.split_utf8")` shows a hint, and when you run it again, the next.
# The quick questions are for your head: predict first, run after.
#
# A tokenizer is learned from text. Ours is the reference manual of Python, which every Python carries along. The next
# cell puts it into one string, without its rulers and indentation.

# %%
lines = [" ".join(line.split()) for topic in topics.values() for line in topic.splitlines()]
manual = "\n".join(line for line in lines if any(letter.isalpha() for letter in line))
print(f"{len(manual):,} characters. They begin:\n\n{manual[:220]} ...")

# %% [markdown]
# ## Look first: what a model reads
#
# We train a tokenizer on the manual and cut a sentence with it. All the tokens that it knows are its **vocabulary**,
# here 2,000. Each box is a token: above what it stands for, below the number that the model gets. A blank is written ␣, a line end ⏎. **The slider goes back in time:** it shows the
# sentence as it was cut after the first so many steps of training.

# %%
tokenizer = library.ByteLevelBPE.train(manual, vocab_size=2000)
TokenizerView(tokenizer, "The exception was raised twice in 2026.\nLe café à côté: 語 🦉")

# %% [markdown]
# **Before you read on**, move the slider to 0, and then press *next change* a few times. Answer for yourself:
#
# 1. What are the tokens at stage 0? How many does *é* have, and how many the owl?
# 2. Which pieces grow together first, and why these?
# 3. Type your name, a word that you made up, and a few words of another language. Which cost most?

# %% [markdown]
# ## Characters are numbers
#
# To a computer a character is a number, its **code point**. Unicode (since 1991) has one for 159,801 characters
# (Unicode 17, 2025), among them A, which is 65, and the owl, which is 129,417. Python's `ord` gives it, `chr` turns it back, and
# `len` of a string counts code points. That is not always what a reader counts:

# %%
for text in ["owl", "é", "e\u0301", "語", "🦉", "👩\u200d👩\u200d👧"]:
    code_points = " ".join(f"{ord(character):,}" for character in text)
    print(f"{text}  len {len(text)}, {len(text.encode())} bytes, code points: {code_points}")

# %% [markdown]
# The second and the third line look alike: an é can be one code point, or an e followed by an accent. The family is
# three people glued together by an invisible joiner.
#
# Could a model have one token for each code point? It would need 160,000 vectors, most of which it would hardly ever
# see in training, and it would read one character at a time. And when Unicode adds a character, as it does nearly
# every year, the model has no number for it.
#
# ## Numbers become bytes
#
# Files and networks carry **bytes**, numbers from 0 to 255. How do you write 129,417 with them? UTF-8 (Thompson &
# Pike, 1992) writes small code points with one byte and larger ones with two, three or four. The first bits of each
# byte say what it is:
#
# | code points | bytes | pattern of the bits | example |
# |---|---|---|---|
# | 0 to 127 | 1 | `0xxxxxxx` | `A`: `01000001` |
# | 128 to 2,047 | 2 | `110xxxxx` `10xxxxxx` | `é`: `11000011` `10101001` |
# | 2,048 to 65,535 | 3 | `1110xxxx` `10xxxxxx` `10xxxxxx` | `€`: `11100010` `10000010` `10101100` |
# | 65,536 and more | 4 | `11110xxx` `10xxxxxx` `10xxxxxx` `10xxxxxx` | `🦉`: `11110000` `10011111` `10100110` `10001001` |
#
# The x are the bits of the code point. Look at the patterns: a byte of the form `10xxxxxx` (128 to 191) never
# *begins* a character. It goes on with one, and is called a **continuation byte**. All other bytes begin a
# character. So you can jump into the middle of a text and still see where the next character begins.
#
# **Predict:** how many bytes are *naïve 🦉*, a word, a blank and an owl? (The ï is one code point, 239.)

# %% exercise="tokenization.byte_length"
### BEGIN SOLUTION
byte_length = 11
### END SOLUTION

# %% check="tokenization.byte_length"
check("tokenization.byte_length")

# %% [markdown]
# A token can be a *part* of a character, as the boxes with dashed borders in the picture are. So you need to find
# where characters begin.
#
# **Write** `split_utf8(data)`: cut bytes into their characters, without decoding them. Cut before each byte that is
# not a continuation byte. The data may begin or end in the middle of a character; then the part that is there is a
# piece of its own, of type `bytes` as all are. Without data there are no pieces. For example, with `"é€".encode()` = `b"\xc3\xa9\xe2\x82\xac"`:
#
# - `split_utf8(b"\xc3\xa9\xe2\x82\xac")` is `[b"\xc3\xa9", b"\xe2\x82\xac"]`,
# - `split_utf8(b"\x82\xacA\xc3")` is `[b"\x82\xac", b"A", b"\xc3"]`.
#
# (When you loop over bytes you get numbers. `bytes([65])` turns one back into `b"A"`, and a slice of bytes is bytes.)


# %% exercise="tokenization.split_utf8"
def split_utf8(data: bytes) -> list[bytes]:
    """Cut UTF-8 into the bytes of each character.

    Args:
        data: Bytes of a text, possibly none, which may begin or end in the middle of a character.

    Returns:
        A list of the pieces in order, each of type bytes; joined, they are the data.
    """
    ### BEGIN SOLUTION
    pieces: list[bytes] = []
    for byte in data:
        if pieces and 128 <= byte < 192:
            pieces[-1] += bytes([byte])
        else:
            pieces.append(bytes([byte]))
    return pieces
    ### END SOLUTION


# %% check="tokenization.split_utf8"
check("tokenization.split_utf8")

# %% [markdown]
# **What it means for a model.** With 256 tokens, one for each byte, every text that was ever written or will be
# written has a number. No text is unknown. That is why GPT-2 (Radford et al., 2019) and most models since begin with
# bytes. The price is length: English has one token a letter, Greek two, Hindi and Chinese three a character. And
# length is dear: twice the tokens cost attention four times the work.
#
# So we want longer tokens where they pay: for what comes often.

# %% [markdown]
# ## Pairs that come together
#
# **Byte pair encoding** (BPE) was a way to compress files (Gage, 1994): find the two bytes that most often stand side
# by side, write a new symbol in their place, and repeat. Sennrich et al. (2016) used it to find tokens.
#
# First we cut the text into **words** and count how often each comes. A merge never crosses from one word into the
# next. (Why, and where to cut, is the topic of 'Why words are cut first', below. For now, notice that the blank
# before a word belongs to it.) Words are few, even if the text is long:

# %%
counted = library.count_words([manual])
print(f"{sum(counted.values()):,} words, {len(counted):,} different ones. The most frequent:")
print([(word.decode(), count) for word, count in counted.most_common(8)])

# %% [markdown]
# Each word is a tuple of **ids**. At first the ids are the bytes: `"the"` is `(116, 104, 101)`. Ids from 256 on will
# stand for longer tokens. A word that comes 900 times counts 900 times, and each place in it where a pair stands
# counts. (`pairwise(word)` goes through the neighbors in a word.) Written as a formula, the count of the pair $(a, b)$
# is
#
# $$C(a, b) = \sum_{w} f(w) \cdot \big|\{\, i : w_i = a \text{ and } w_{i+1} = b \,\}\big|$$
#
# where $w$ runs over the different words, $f(w)$ is how often the word comes, $w_i$ is its $i$-th id, and the bars
# count the places $i$.
#
# **A worked example.** `a` is 97 and `b` is 98. The word *aaa* comes twice and the word *ab* five times:
#
# - input: `{(97, 97, 97): 2, (97, 98): 5}`
# - output: `{(97, 97): 4, (97, 98): 5}`
#
# In *aaa* the pair (97, 97) stands at two places, and both count, although they share the middle letter. A word of one
# id has no pair.
#
# **Write** `pair_counts(words)`. Any kind of dictionary will do, a `Counter` too.


# %% exercise="tokenization.pair_counts"
def pair_counts(words: dict[tuple[int, ...], int]) -> dict[tuple[int, int], int]:
    """Count how often each pair of ids stands side by side within a word.

    Args:
        words: Each word as a tuple of ids, and how often it comes.

    Returns:
        The count of each pair that occurs.
    """
    ### BEGIN SOLUTION
    counts: Counter[tuple[int, int]] = Counter()
    for word, frequency in words.items():
        for pair in pairwise(word):
            counts[pair] += frequency
    return counts
    ### END SOLUTION


# %% check="tokenization.pair_counts"
check("tokenization.pair_counts")

# %% [markdown]
# Here are the most frequent pairs of the manual. Do they surprise you?

# %%
first_counts = library.pair_counts({tuple(word): count for word, count in counted.items()})
for pair, count in first_counts.most_common(6):
    print(f"{bytes(pair)!s:8} {count:,}")

# %% [markdown]
# ## Two become one
#
# The best pair gets an id of its own, and the new id takes its place wherever it stands. Go from left to right; what
# was merged is used up, and cannot be the first half of the next pair:
#
# - `merge_pair([1, 1, 1, 2], (1, 1), 256)` is `[256, 1, 2]`,
# - `merge_pair([5, 6, 7, 5, 6], (5, 6), 300)` is `[300, 7, 300]`.
#
# 'From left to right' is a choice. In *aaa*, 'aa, a' is as good as 'a, aa'. But training and encoding have to make
# the same choice, or the model meets tokens in places where it has never seen them.
#
# **Write** `merge_pair(ids, pair, new_id)`. A word comes as a list or as a tuple, possibly empty; return a new list for
# both.


# %% exercise="tokenization.merge_pair"
def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    """Replace each occurrence of a pair, from left to right and without overlap.

    Args:
        ids: The ids of a word, a list or a tuple, possibly empty.
        pair: The two ids to replace.
        new_id: The id that takes their place.

    Returns:
        A new list of the ids after the merge.
    """
    ### BEGIN SOLUTION
    merged = []
    place = 0
    while place < len(ids):
        if tuple(ids[place : place + 2]) == pair:
            merged.append(new_id)
            place += 2
        else:
            merged.append(ids[place])
            place += 1
    return merged
    ### END SOLUTION


# %% check="tokenization.merge_pair"
check("tokenization.merge_pair")

# %% [markdown]
# ## One merge after the other
#
# Training repeats three steps: **count** the pairs of the words as they are now, **choose** the most frequent,
# **merge** it in every word. The first merge makes id 256, the second 257, and so on. Follow it for three words, of
# which *sea* comes 3 times, *seal* 2 times and *eat* 4 times:
#
# | round | counts of pairs | best | id | the words now |
# |---|---|---|---|---|
# | 1 | s e: 5, **e a: 9**, a l: 2, a t: 4 | e + a | 256 | s ea, s ea l, ea t |
# | 2 | **s ea: 5**, ea l: 2, ea t: 4 | s + ea | 257 | sea, sea l, ea t |
# | 3 | sea l: 2, **ea t: 4** | ea + t | 258 | sea, sea l, eat |
# | 4 | **sea l: 2** | sea + l | 259 | sea, seal, eat |
#
# Look at round 2: *s e* had been counted 5 times, and now there is no such pair any more. The counts of round 1 are
# worth nothing after the merge. And look at what comes out: merges build on merges. After round 4 no pair is left, so
# training ends there, however many merges were asked for. A pair that comes only once is merged like any other.
#
# **Predict:** the only word is *aaaaaaaaa*, nine letters a. Training makes two merges. How many tokens is the word
# then?

# %% exercise="tokenization.merged_length"
### BEGIN SOLUTION
merged_length = 3
### END SOLUTION

# %% check="tokenization.merged_length"
check("tokenization.merged_length")

# %% [markdown]
# ### When two pairs are equal
#
# Two pairs can be equally frequent. Then some rule has to decide, or two people get two tokenizers from one text. Ours
# is the rule of the `tokenizers` library: **the smaller pair wins**, as Python compares tuples. `(97, 98)` is smaller
# than `(98, 97)`, and `(97, 98)` is smaller than `(97, 99)`.
#
# **Write** `train_bpe(words, num_merges)`. Return a dictionary from each pair to the id that it makes, in the order in
# which they were learned; for the example, `{(101, 97): 256, (115, 256): 257, (256, 116): 258, (257, 108): 259}`. Use
# your `pair_counts` and `merge_pair`. (One of them is not right yet? Use `library.pair_counts` or
# `library.merge_pair` until it is.)


# %% exercise="tokenization.train_bpe"
def train_bpe(words: dict[bytes, int], num_merges: int) -> dict[tuple[int, int], int]:
    """Learn merges: again and again, merge the most frequent pair.

    Args:
        words: Each word as bytes, and how often it comes. `tuple(b"the")` gives its ids.
        num_merges: How many merges to learn, possibly 0; fewer are learned when no pair is left.

    Returns:
        The id that each merged pair makes, 256 and up, in the order learned.
    """
    ### BEGIN SOLUTION
    current = {tuple(word): frequency for word, frequency in words.items()}
    merges: dict[tuple[int, int], int] = {}
    while len(merges) < num_merges:
        counts = pair_counts(current)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges[best] = 256 + len(merges)
        current = {
            tuple(merge_pair(ids, best, merges[best])): frequency
            for ids, frequency in current.items()
        }
    return merges
    ### END SOLUTION


# %% check="tokenization.train_bpe"
check("tokenization.train_bpe")

# %% [markdown]
# What does it learn from the whole manual? Here are tokens in the order in which they were made. (The library learns
# the same merges, with a faster program: it does not count everything anew in each round.)

# %%
for first in (0, 100, 1000):
    made = [tokenizer.token_bytes(256 + first + i) for i in range(10)]
    print(f"from merge {first + 1:>4}: {[token.decode(errors='replace') for token in made]}")

# %% [markdown]
# First pairs of letters, then syllables and short words, later whole long words, each with the blank before it.
# Nobody told the program what a syllable or a word is.

# %% [markdown]
# ## Why words are cut first
#
# Must we cut the text into words at all? Let us try without: each *line* of the text is one piece, and merges may go
# anywhere within it.

# %%
without_words = library.ByteLevelBPE.train(manual[:60_000], 1500, pattern=r"[^\n]+|\n")
with_words = library.ByteLevelBPE.train(manual[:60_000], 1500)
for name, trained in (("without", without_words), ("with", with_words)):
    ids = range(256, trained.vocab_size)
    spelled = [trained.token_bytes(token).decode(errors="replace") for token in ids]
    with_comma = [token for token in spelled if token[-1] == "," and token[-2:-1].isalnum()]
    print(f"longest tokens {name} words: {sorted(spelled, key=len)[-7:]}")
    print(f"letters or digits with a comma: {with_comma}\n")

# %% [markdown]
# Without words the merges run across everything: whole phrases of the manual become tokens, of little use in other
# texts, and frequent words come again with a comma, with a quotation mark, with the blank behind them. Each copy is a
# token of its own, and the model has to learn anew what it means. (Once words are learned, merges across them can pay:
# SuperBPE, Liu et al., 2025, allows them late in training, and needs up to a third fewer tokens.)
#
# So GPT-2 cuts first, by a **pattern** (a regular expression) whose parts are tried from left to right:
#
# - the end of a contraction, such as `'ll` or `'s`;
# - ` ?\p{L}+`: letters (`\p{L}` is any letter of any script), with one blank before them if there is one: ` token`;
# - ` ?\p{N}+`: digits, likewise: ` 2026`;
# - ` ?[^\s\p{L}\p{N}]+`: other signs, likewise: ` ==`;
# - `\s+(?!\S)`: blanks, but for the last one before a word, which goes with that word;
# - `\s+`: blanks that are left, such as a line end.

# %%
print(library.split_by_pattern("We'll say   hello, 'tokens' of 2026!"))

# %% [markdown]
# Nothing is lost: joined, the words are the text. The blank goes with the word *after* it, so ` dog` in the middle of
# a sentence is one token, and `dog` at its very beginning another. Letters and signs never mix, so there is one
# ` dog`, and not one for `dog.` and one for `dog,`. GPT-4's pattern (2023) cuts digits into groups of at most three
# as well; we come back to that.

# %% [markdown]
# ## The oldest merge first
#
# Now the merges are learned, and a new word comes. How is it cut? Training made its merges in an order, each on what
# those before it had made. Encoding **replays** them: of all pairs in the word that were ever learned, merge the one
# that was learned *first*; look again; end when no pair of the word was learned. Since ids grow as merges are
# learned, the oldest pair is the one that makes the smallest id.
#
# **A worked example.** The merges are h + e → 256, he + n → 257, t + he → 258, in this order. The word is *then*:
#
# 1. t h e n: of its pairs only h + e was learned. Merge: t he n.
# 2. t he n: now t + he (258) and he + n (257) could both be merged. 257 is older. Merge: t hen.
# 3. t hen: no such pair was learned. Done: `[116, 257]`.
#
# Had you taken the longest token that fits from the left, you would have found *the*, *n*. That is another cut, of
# ids that the model has hardly ever seen side by side.
#
# **Write** `encode_word(word, merges)`. Go by the ids: the dictionary may hold the merges in any order. Where a pair
# overlaps itself, merge from left to right, as `merge_pair` does.


# %% exercise="tokenization.encode_word"
def encode_word(word: bytes, merges: dict[tuple[int, int], int]) -> list[int]:
    """Turn a word into ids by replaying the merges, the oldest first.

    Args:
        word: The bytes of the word, possibly none.
        merges: The id that each pair makes, in any order; the smaller the id, the earlier it was learned.

    Returns:
        A list of the ids of the word.
    """
    ### BEGIN SOLUTION
    ids = list(word)
    while True:
        known = [pair for pair in pairwise(ids) if pair in merges]
        if not known:
            return ids
        oldest = min(known, key=lambda pair: merges[pair])
        ids = merge_pair(ids, oldest, merges[oldest])
    ### END SOLUTION


# %% check="tokenization.encode_word"
check("tokenization.encode_word")

# %% [markdown]
# ## Back to text
#
# The way back is short. Each id stands for some bytes: the bytes themselves below 256, and for a merge the bytes of
# its two parts, joined. `library.token_bytes(merges)` writes them into a dictionary. Here is what the tokens of *語*
# look like, each on its own:

# %%
ids = tokenizer.encode("a語")
spelled = [tokenizer.token_bytes(token) for token in ids]
print("ids:               ", ids)
print("bytes of each:     ", spelled)
print("each one as text:  ", [part.decode(errors="replace") for part in spelled])
print("all bytes as text: ", b"".join(spelled).decode())

# %% [markdown]
# A single byte of 語 is no text. Python writes the **replacement character** � in its place. Only together do the
# three bytes give the character back.
#
# And what if the rest never comes? A model writes token after token, and nothing keeps it from stopping after two of
# three bytes, or from writing bytes in an order that is no UTF-8 at all. Decoding must not fail then. Nor should it
# hide that something was lost: a � says so, one for each broken place, as Python writes them.
#
# **A worked example.** With `spelled = {7: b"caf", 8: b"\xc3", 9: b"\xa9"}`:
#
# - `decode_ids([7, 8, 9], spelled)` is `"café"`,
# - `decode_ids([7, 8], spelled)` is `"caf�"`.
#
# **Write** `decode_ids(ids, spelled)`. Look up the argument `errors` of `bytes.decode`.


# %% exercise="tokenization.decode_ids"
def decode_ids(ids: list[int], spelled: dict[int, bytes]) -> str:
    """Turn ids into text; what is no UTF-8 becomes the replacement character.

    Args:
        ids: The ids of some tokens, possibly none.
        spelled: The bytes that each id stands for.

    Returns:
        The text.
    """
    ### BEGIN SOLUTION
    return b"".join(spelled[token] for token in ids).decode("utf-8", errors="replace")
    ### END SOLUTION


# %% check="tokenization.decode_ids"
check("tokenization.decode_ids")

# %% [markdown]
# This is why the answer of a chat sometimes shows a � for a moment: the first half of an emoji has arrived.
#
# **A place to stop.** You have built a whole tokenizer: it learns, encodes and decodes. The second sitting asks what
# tokens do to a model, and builds two other ways to choose and to cut.

# %% [markdown]
# ## What a larger vocabulary buys
#
# How many merges should there be? Each makes texts shorter. We train on four fifths of the manual. On the rest, and
# on texts of other kinds, we measure how many bytes fit into a token.

# %%
cut = len(manual) * 4 // 5
large = library.ByteLevelBPE.train(manual[:cut], 5000)
greek = "Ο σκύλος κοιμάται στον κήπο και η γάτα κοιτάζει τα πουλιά στο μεγάλο δέντρο. "
other = "The owl slept in the old tree until the rain woke her at noon. She was hungry and cold. "
texts = {"rest of the manual": manual[cut:], "other English": other, "Greek": greek}
sizes = [256, 350, 512, 724, 1024, 1448, 2048, 2896, 4096, large.vocab_size]


def first_tokens(size: int) -> library.ByteLevelBPE:
    """Make the tokenizer as it was when it had so many tokens."""
    vocabulary = {large.id_to_token(i): i for i in range(size)}
    return library.ByteLevelBPE(vocabulary, large.merges[: size - 256])


plt.figure(figsize=(6.5, 3.6))
smaller = [first_tokens(size) for size in sizes]
for (name, text), style in zip(texts.items(), ("o-", "s--", "^:"), strict=True):
    rates = [len(text.encode()) / len(one.encode(text)) for one in smaller]
    plt.plot(sizes, rates, style, markersize=4, label=name)
plt.xscale("log", base=2)
plt.xlabel("vocabulary (tokens)")
plt.ylabel("compression (bytes per token)")
plt.title("Each doubling buys less, and least for text unlike the training text")
plt.legend()
plt.show()

# %% [markdown]
# Each doubling of the vocabulary buys less than the one before. And it costs: every token needs a vector at the
# entrance of the model and a row in the last map. With 50,257 tokens of 768 numbers, the table of the smallest GPT-2
# holds 38.6 million of its 124 million parameters. Rare tokens are seen rarely, so their vectors are learned badly.
# The larger the model, the less the table weighs: LLaMA 2 (2023) had 32,000 tokens, LLaMA 3 (2024) has 128,000, GPT-4o
# (2024) 200,000 and Gemma 3 (2025) 262,000.
#
# Greek gains next to nothing: there is none in the manual. **A tokenizer is trained on text, and it serves best the
# people who write such text.**

# %% [markdown]
# ## Why models stumble
#
# You can now see for yourself where many odd mistakes of language models come from.
#
# **Predict:** a byte pair encoding was trained on text in small letters alone, in which *exception* became one token.
# What does it do with *EXCEPTION*?
#
# - `"a"`: it fails, since it has never seen such letters;
# - `"b"`: it gives nine tokens, one for each letter;
# - `"c"`: it gives the token of *exception*;
# - `"d"`: it gives one token that says 'unknown'.
#
# Give the letter the name `unseen_capitals`.

# %% exercise="tokenization.unseen_capitals"
### BEGIN SOLUTION
unseen_capitals = "b"
### END SOLUTION

# %% check="tokenization.unseen_capitals"
check("tokenization.unseen_capitals")

# %% [markdown]
# Now four experiments.
#
# **1. Spelling.** One word, five ways to write it:

# %%
for word in ("exception", " exception", " Exception", " EXCEPTION", " exceptoin"):
    shown = " | ".join(tokenizer.token_bytes(token).decode() for token in tokenizer.encode(word))
    print(f"{word!r:14} {shown:32} {tokenizer.encode(word)}")

# %% [markdown]
# ` exception` is one number. How many e's are in it? The number does not say; the model has to have learned it from
# somewhere else. A typing error or capitals turn one familiar number into a row of others that have nothing in common
# with it.
#
# **2. Numbers.** How would you add these?

# %%
for number in ("7", "42", "1000", "1024", "1999", "20260", "31415", "271828", "1000000"):
    print(" | ".join(tokenizer.token_bytes(token).decode() for token in tokenizer.encode(number)))

# %% [markdown]
# The cuts fall where the digits came together in the manual: after one digit here, after three there. Digits of
# the same value stand in different places, so there is no column to add up. GPT-4 cuts groups of at most three digits,
# and LLaMA (Touvron et al., 2023) cuts every digit by itself: longer, and regular. Singh & Strouse (2024) found that
# even the side from which one groups, left or right, changes how well a model adds.
#
# **3. Other scripts.** One greeting in eight languages:

# %%
greetings = {
    "English": "Good morning, how are you today?",
    "German": "Guten Morgen, wie geht es dir heute?",
    "Spanish": "Buenos días, ¿cómo estás hoy?",
    "Greek": "Καλημέρα, πώς είσαι σήμερα;",
    "Russian": "Доброе утро, как у тебя дела сегодня?",
    "Arabic": "صباح الخير، كيف حالك اليوم؟",
    "Hindi": "सुप्रभात, आज आप कैसे हैं?",
    "Chinese": "早上好,你今天好吗?",
}
counts = [len(tokenizer.encode(text)) for text in greetings.values()]
figure, axis = plt.subplots(figsize=(6.5, 3.2))
axis.bar_label(axis.barh(list(greetings), counts), padding=3)
axis.invert_yaxis()
axis.margins(x=0.1)
times = max(counts) / counts[0]
axis.set(
    title=f"One greeting costs up to {times:.1f} times the tokens that it costs in English",
    xlabel="length (tokens)",
)
plt.show()

# %% [markdown]
# Whoever pays by the token pays more in Hindi, waits longer, and fits less into the model's window (the tokens that it
# can read at once). Petrov et al. (2023)
# measured the tokenizers of that time on one text in many languages: the longest came out up to 15 times as long as
# the shortest. Today's vocabularies are larger and trained on more languages, and the gap is smaller. It is not gone.
#
# **4. A blank at the end.** You write a beginning and let a model go on. Does a blank at the end matter?

# %%
for beginning in ("The value is", "The value is "):
    shown = [tokenizer.token_bytes(token).decode() for token in tokenizer.encode(beginning)]
    print(f"{beginning!r:16} {shown}")
sequence = tokenizer.encode(manual)
spelled = [tokenizer.token_bytes(token).decode(errors="replace") for token in sequence]
carried = sum(token[:1] == " " and token[1:2].isalpha() for token in spelled)
alone = sum(left == " " and right[:1].isalpha() for left, right in pairwise(spelled))
print(f"Words of the manual: {carried:,} have their blank within the token, {alone:,} before it.")

# %% [markdown]
# A word brings its own blank. With the blank already written, the model has to go on with a word that has none, and
# it has rarely seen that. So a blank at the end of a prompt can make an answer worse, for no reason that a person
# would see.
#
# Play with it. What happens to code, to a web address, to your own language?

# %%
TokenizerView(
    tokenizer,
    "The value is 31415.\n    return exceptoin  # 31415 == 31_415",
    title="Try to make it stumble",
)

# %% [markdown] question="tokenization.why_tokens" points=2
# **Why do today's models read subword tokens, and neither characters nor whole words?** Give one reason against each
# of the two. Then name one thing that models do badly *because* of tokens, say what about tokens causes it, and how
# one could soften it. Four to six sentences.
#
# ### BEGIN SOLUTION
# Against whole words: there is no end to them. Names, typing errors, compounds and other languages bring words that
# the vocabulary lacks, and each would become the same 'unknown'; the table of vectors would be huge, and most of its
# rows would hardly ever be trained. Against characters (or bytes): sequences become several times as long, attention
# grows with the square of the length, less text fits into the window, and the model must spend layers on putting
# together words that come again and again. Subword tokens are a compromise: what is frequent is one token, and
# everything else can still be spelled. What goes wrong with them, for example: models count letters badly, since a
# token is a number that does not show its spelling; they add badly, since digits are grouped irregularly (soften it:
# cut digits one by one, or in groups from the right); other scripts need several times as many tokens, since the
# merges were learned mostly from English (soften it: train the tokenizer on more balanced text, enlarge the
# vocabulary); a blank at the end of a prompt leads to a sequence that training hardly showed (soften it: take the
# blank away, or step one token back before going on).
#
# Marking: half a point for a sound reason against words, half a point for one against characters. 1 point for a
# weakness together with its cause in the tokens and a remedy; half a point if the cause or the remedy is missing. A
# weakness that has other causes (facts that are out of date, made-up sources) gets nothing.
# ### END SOLUTION

# %% [markdown]
# ## More than chance
#
# BPE is not the only way to choose merges. **WordPiece** (Schuster & Nakajima, 2012) is the tokenizer of BERT (Devlin
# et al., 2019). It begins with characters in place of bytes, and writes `##` before a piece that does not begin a word:
# *the* begins as `t`, `##h`, `##e`. Its merges ask another question. *e* and *r* often stand together, but then both
# are everywhere. After *q* there is nearly always a *u*. Which pair is more of a unit?
#
# If pieces stood side by side by chance, a pair would come in proportion to the *product* of the counts of its two
# parts. So WordPiece scores a pair by how far it is above that:
#
# $$S(a, b) = \frac{C(a, b)}{C(a) \cdot C(b)}$$
#
# (Google never published its training program. This is the criterion of the paper, the gain in likelihood, as it is
# commonly written.) Here $C(a, b)$ is the count of the pair, as in `pair_counts`, and $C(a)$ and $C(b)$ are the counts of the single
# pieces, every occurrence weighted by the frequency of its word.
#
# **A worked example.** *que* comes 2 times and *tee* 3 times. The pieces: `q` 2, `##u` 2, `t` 3, and `##e` $2 + 2
# \cdot 3 = 8$.
#
# | pair | $C(a, b)$ | $S(a, b)$ |
# |---|---|---|
# | `q`, `##u` | 2 | $2 / (2 \cdot 2) = 0.5$ |
# | `##u`, `##e` | 2 | $2 / (2 \cdot 8) = 0.125$ |
# | `t`, `##e` | 3 | $3 / (3 \cdot 8) = 0.125$ |
# | `##e`, `##e` | 3 | $3 / (8 \cdot 8) \approx 0.047$ |
#
# BPE would merge one of the last two. WordPiece merges *q* and *u*.
#
# A word of a single piece has no pair, but its piece counts in $C(a)$ all the same.
#
# **Write** `merge_scores(words)`.


# %% exercise="tokenization.merge_scores"
def merge_scores(words: dict[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Score each pair of neighbors by how much more often it comes than chance would bring it.

    Args:
        words: Each word as its pieces, one or more, and how often it comes.

    Returns:
        The score of each pair that occurs, not rounded.
    """
    ### BEGIN SOLUTION
    pieces: Counter[str] = Counter()
    for word, frequency in words.items():
        for piece in word:
            pieces[piece] += frequency
    return {
        (left, right): count / (pieces[left] * pieces[right])
        for (left, right), count in pair_counts(words).items()
    }
    ### END SOLUTION


# %% check="tokenization.merge_scores"
check("tokenization.merge_scores")

# %% [markdown]
# The same words, the two questions:

# %%
english: Counter[str] = Counter()
for spelling, count in counted.items():
    word = spelling.decode().strip().lower()
    if word.isascii() and word.isalpha():
        english[word] += count
pieces_of_words = {tuple(library.split_characters(word)): count for word, count in english.items()}
by_count = library.pair_counts(pieces_of_words)
by_score = library.merge_scores(pieces_of_words)
for name, ranking in (("most frequent", by_count), ("best score", by_score)):
    print(f"{name}:")
    for left, right in sorted(ranking, key=lambda pair: -ranking[pair])[:5]:
        print(f"    {left:3} {right:3}  {by_count[left, right]:6,} times")

# %% [markdown]
# The score finds pairs that belong together. **Predict:** which of these three does WordPiece merge first?
#
# - `"a"`: *e* and *r*, 900 times together; *e* comes 3,000 times and *r* 2,000 times;
# - `"b"`: *q* and *u*, 40 times together; *q* comes 40 times and *u* 500 times;
# - `"c"`: *ž* and *ł*, once together, in a name; neither comes anywhere else.
#
# Give the letter the name `rare_pair`.

# %% exercise="tokenization.rare_pair"
### BEGIN SOLUTION
rare_pair = "c"
### END SOLUTION

# %% check="tokenization.rare_pair"
check("tokenization.rare_pair")

# %% [markdown]
# ## The longest piece first
#
# WordPiece forgets its merges. What it keeps is the vocabulary, and a word is cut **greedily**: take the longest piece
# of the vocabulary with which the word begins; then the longest with which the rest goes on, spelled with `##`; and so
# on. If at some place nothing fits, the *whole word* is unknown and becomes one `[UNK]`: whatever stood there is gone.
#
# **A worked example.** The vocabulary is `{"un", "una", "##able", "##ble", "##b", "able"}`.
#
# - *unable*: the longest start is `una`, and `##ble` goes on: `["una", "##ble"]`. (`un`, `##able` would be nicer.
#   Greedy does not look ahead.)
# - *able*: `["able"]`, since here it begins the word.
# - *unabx*: `una`, `##b`, and then nothing fits: `["[UNK]"]`.
# - Without `##ble` in the vocabulary, *unable* would be `["[UNK]"]` too: after `una`, `##b` nothing fits, and greedy
#   never takes a piece back to try a shorter one.
#
# **Write** `longest_match(word, vocabulary)`. An empty word has no pieces: `[]`. Within a word only pieces with `##` count,
# at its beginning only those without.


# %% exercise="tokenization.longest_match"
def longest_match(word: str, vocabulary: set[str]) -> list[str]:
    """Cut a word greedily into the longest pieces of a vocabulary.

    Args:
        word: The word, possibly empty.
        vocabulary: A set of the pieces; those that go on with a word begin with '##'.

    Returns:
        A list of the pieces, spelled as in the vocabulary, or ['[UNK]'] if greedy comes to a place where nothing fits.
    """
    ### BEGIN SOLUTION
    pieces = []
    start = 0
    while start < len(word):
        hashes = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if hashes + word[start:end] in vocabulary), None)
        if end is None:
            return ["[UNK]"]
        pieces.append(hashes + word[start:end])
        start = end
    return pieces
    ### END SOLUTION


# %% check="tokenization.longest_match"
check("tokenization.longest_match")

# %% [markdown]
# ## All the ways to cut a word
#
# **Predict:** every row of letters in *owls* is a piece. In how many ways can the word be cut into pieces? (*owls* as a
# whole is one of them.)

# %% exercise="tokenization.ways_to_cut"
### BEGIN SOLUTION
ways_to_cut = 8
### END SOLUTION

# %% check="tokenization.ways_to_cut"
check("tokenization.ways_to_cut")

# %% [markdown]
# The third way turns the question around. **Unigram** (Kudo, 2018) gives each piece a *probability*. A word of $n$
# letters can be cut in up to $2^{n-1}$ ways. The probability of a cut is the product of those of its pieces, and the
# best cut is the one with the largest:
#
# $$\hat{x} = \arg\max_{x \,\in\, \text{cuts}} \; \prod_{i} p(x_i) = \arg\max_{x \,\in\, \text{cuts}} \; \sum_{i} \log p(x_i)$$
#
# where $x = (x_1, x_2, \dots)$ is a cut into pieces, $p(x_i)$ the probability of a piece, and $\hat{x}$ the best cut.
#
# ### Products become sums
#
# Why the logarithm? Pieces have small probabilities, and a product of many small numbers becomes 0 for a computer.
# Then all cuts look alike:

# %%
product = 1.0
for _ in range(120):
    product *= 0.001
print(f"0.001 multiplied 120 times: {product}")

# %% [markdown]
# A sum of logarithms stays in range, and since the logarithm grows with its argument, the best stays the best.
# Logarithms of probabilities are negative; the best sum is the one nearest to 0.
#
# ### The best path
#
# Trying all $2^{n-1}$ cuts takes forever. Viterbi (1967) needs one idea: **the best cut of the first $j$ letters ends
# in some piece, and what stands before this piece is itself cut in the best way.** So we go from left to right and
# write down for each place $j$ the best sum that reaches it:
#
# $$B_0 = 0, \qquad B_j = \max_{i < j} \; \big( B_i + \log p(w_{i:j}) \big)$$
#
# where $B_j$ is the best sum of the first $j$ letters, $w_{i:j}$ are the letters from place $i$ up to place $j$, and
# only pieces of the vocabulary take part. Beside $B_j$ we write down *which* $i$ gave it. At the end we walk back.
#
# **A worked example.** The word is *abc*. The values of $\log p$ are a: $-2$, b: $-2.5$, c: $-3$, ab: $-4$, bc: $-2.2$,
# abc: $-8$.
#
# | place $j$ | ways to reach it | $B_j$ | from |
# |---|---|---|---|
# | 1 | a: $0 - 2 = -2$ | $-2$ | 0 |
# | 2 | a, b: $-2 - 2.5 = -4.5$; ab: $0 - 4 = -4$ | $-4$ | 0 |
# | 3 | ab, c: $-4 - 3 = -7$; a, bc: $-2 - 2.2 = -4.2$; abc: $0 - 8 = -8$ | $-4.2$ | 1 |
#
# Walk back: place 3 was reached from 1, by *bc*; place 1 from 0, by *a*. The best cut is `["a", "bc"]`. The longest
# piece first would have taken *abc*, and the best way to place 2, *ab*, is no part of the best cut either.
#
# **Write** `viterbi(word, log_probs)`. Every letter of the word is a piece by itself, so there is always a cut; other
# pieces may be of any length. If two cuts are equally good, return either. A word can be long, such as a web address: a
# check tries a hundred letters, for which trying all cuts never ends and a product of probabilities becomes 0.


# %% exercise="tokenization.viterbi"
def viterbi(word: str, log_probs: dict[str, float]) -> list[str]:
    """Find the most probable way to cut a word into pieces.

    Args:
        word: The word, possibly empty, possibly hundreds of letters long.
        log_probs: The logarithm of each piece's probability; every letter of the word is a piece.

    Returns:
        A list of the pieces, from left to right; none for an empty word.
    """
    ### BEGIN SOLUTION
    best = [0.0] + [float("-inf")] * len(word)
    came_from = [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(end):
            score = best[start] + log_probs.get(word[start:end], float("-inf"))
            if score > best[end]:
                best[end], came_from[end] = score, start
    pieces = []
    end = len(word)
    while end > 0:
        pieces.append(word[came_from[end] : end])
        end = came_from[end]
    return pieces[::-1]
    ### END SOLUTION


# %% check="tokenization.viterbi"
check("tokenization.viterbi")

# %% [markdown]
# This recursion comes back in speech recognition, in genetics and in every search with beams. With probabilities for
# cuts one can do more: list the next best, or *draw* a cut at random, so that a model in training sees a word cut now
# this way and now that way and learns what its parts are (Kudo, 2018):

# %%
some = {"un": -3.0, "able": -4.0, "una": -6.5, "ble": -5.5, "unable": -8.5}
some |= dict.fromkeys("unable", -5.0)
for cut_of_word, score in library.n_best("unable", some, 4):
    print(f"{score:6.1f}  {' | '.join(cut_of_word)}")

# %% [markdown]
# Where do the probabilities come from? From the text, by expectation-maximization: cut with what you have, count the
# pieces, turn counts into probabilities, and repeat; begin with far too many pieces and throw out, bit by bit, those
# that are missed least. `llmlab.tokenization` does it as SentencePiece (Kudo & Richardson, 2018) does. Here are all
# three, trained on the manual with vocabularies of equal size:

# %%
for kind in (library.ByteLevelBPE, library.WordPiece, library.Unigram):
    trained = kind.train(manual, 2000)
    print(f"{kind.__name__:13}", " ".join(trained.tokens("Untokenizable exceptions: 語")))

# %% [markdown]
# In BPE's vocabulary `Ġ` stands for a blank (GPT-2 writes each byte as a visible character), in Unigram's `▁` does.
# Look at *語*: BPE spells it in bytes, the other two, which know characters, have to give up. And look at *exceptions*:
# does the ending *s* get a token of its own?

# %% [markdown]
# ## It runs: your own tokenizer
#
# From here on the tokenizer is yours. (If an answer is still missing, these cells stop with `NotImplementedError`.
# Come back later.) We put your functions into one object and train it on a part of the manual. That takes some
# seconds: your program counts everything anew for each merge.


# %%
class MyTokenizer:
    """A byte-level BPE made of your own functions."""

    def __init__(self, merges: dict[tuple[int, int], int]) -> None:
        self.merges = merges
        self.spelled = library.token_bytes(merges)

    def encode(self, text: str) -> list[int]:
        """Cut the text into words, and each word into ids."""
        words = [word.encode() for word in library.split_by_pattern(text)]
        return [token for word in words for token in encode_word(word, self.merges)]

    def decode(self, ids: list[int]) -> str:
        """Put the bytes of the ids together."""
        return decode_ids(ids, self.spelled)

    def token_bytes(self, token_id: int) -> bytes:
        """Give the bytes of one id."""
        return self.spelled[token_id]


lesson = manual[:80_000]


@cache
def my_tokenizer() -> MyTokenizer:
    """Train once, and remember."""
    return MyTokenizer(train_bpe(dict(library.count_words([lesson])), 400))


started = time.perf_counter()
mine = my_tokenizer()
print(f"{len(mine.merges)} merges in {time.perf_counter() - started:.1f} seconds.")
sample = "Round trip: naïve café, 語, 🦉,\n\t\"x\" == 'y'  "
print("Decoding what was encoded gives the text back:", mine.decode(mine.encode(sample)) == sample)
TokenizerView(
    mine, "An exception is raised by the tokenizer that you have built.", title="Your own tokenizer"
)

# %% [markdown]
# ### The same, by a library
#
# In practice one takes a library. `tokenizers` by Hugging Face is written in Rust. It learns from the same text, and
# we compare what the two of you have learned.

# %%
from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def train_by_library(text: str, vocab_size: int) -> library.ByteLevelBPE:
    """Train with `tokenizers`, and read the file that it writes."""
    rust = Tokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False
    )
    rust.train_from_iterator([text], trainer)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        rust.save(str(path))
        return library.ByteLevelBPE.from_file(path)


mine = my_tokenizer()
started = time.perf_counter()
theirs = train_by_library(lesson, 256 + len(mine.merges))
print(f"The library took {time.perf_counter() - started:.2f} seconds.")
my_tokens = {mine.token_bytes(token) for token in mine.merges.values()}
their_tokens = {theirs.token_bytes(token) for token in range(256, theirs.vocab_size)}
print(f"You share {len(my_tokens & their_tokens)} of {len(my_tokens)} tokens.")
print("Only yours:", sorted(my_tokens - their_tokens)[:6])

# %% [markdown]
# If a few differ, it is because of ties near the end of training: the library numbers the 256 bytes in another order,
# and so 'the smaller pair' can be another one.
#
# ### Beside GPT-2
#
# Now the real thing. If the folder that the variable `LLMLAB_DATA` names has GPT-2's own vocabulary, we load it: 50,000
# merges (Radford et al., 2019). If not, its place is taken by a tokenizer that `tokenizers` trains on all of the
# manual, with several times as many tokens as yours.

# %%
mine = my_tokenizer()
gpt2_files = Path(os.environ.get("LLMLAB_DATA", "")) / "openai-community" / "gpt2"
if (gpt2_files / "merges.txt").exists():
    name, rival = "GPT-2", library.ByteLevelBPE.from_gpt2(gpt2_files)
else:
    name, rival = "tokenizers, 5,000 tokens", train_by_library(manual, 5000)

trials = {
    "the manual": manual[-3000:],
    "English": other,
    "code": "for i, row in enumerate(rows):\n    total += row[i] * 2\n    print(f'{total:.2f}')\n",
    "numbers": "3.14159 2.71828 1.41421 0.57721 299792458 31415926",
    "German": "Die Eule schlief im alten Baum, bis der Regen sie um zwölf Uhr weckte.",
    "Greek": greek,
}
rates = {
    owner: [len(text.encode()) / len(one.encode(text)) for text in trials.values()]
    for owner, one in (("yours", mine), (name, rival))
}
gains = [values[0] - 1 for values in rates.values()]
figure, axis = plt.subplots(figsize=(7.5, 3.4))
for shift, (owner, values), hatch in zip((-0.2, 0.2), rates.items(), ("//", ""), strict=True):
    places = [place + shift for place in range(len(trials))]
    bars = axis.bar(places, values, 0.4, label=owner, hatch=hatch, edgecolor="black")
    axis.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
axis.set_xticks(range(len(trials)), list(trials))
axis.set(
    title=f"On the manual your {len(mine.merges)} merges bring {gains[0] / gains[1]:.0%} of what "
    f"{len(rival.merges):,} bring",
    ylabel="compression (bytes per token)",
)
axis.margins(y=0.15)
axis.legend()
plt.show()

# %% [markdown]
# Without any merge a bar would be 1 byte high. The other tokenizer wins: it has many times as many tokens. But the
# first few hundred merges do a large part of the work, as in the curve that you saw, and most of all on text like the
# one that they were learned from. Look at one sentence in both, and play:

# %%
for owner, one in (("Yours", my_tokenizer()), (name, rival)):
    display(TokenizerView(one, "An exception in tokenization: 31415 owls.", title=owner))

# %% [markdown]
# Some things to try:
#
# - Slide through the merges of the larger one. Which of its early merges do you know from yours?
# - Find an English word that is one token there and four in yours, and one where it is the other way round.
# - Train yours on another text: put your own into `lesson`, and run the cells again.
#
# ## What you have built
#
# Bytes that hold every text, merges learned from counts, encoding, decoding, and two other ways to choose and to cut.
# This is the whole of what stands between a text and a model. Compare your answers with `llmlab/tokenization/`: the
# plain versions are in `bpe.py`, `wordpiece.py` and `unigram.py`, the fast one in `byte_level.py`.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Gage (1994), *A New Algorithm for Data Compression*: byte pair encoding, for files.
# - Sennrich, Haddow & Birch (2016), *Neural Machine Translation of Rare Words with Subword Units*: BPE, for models.
# - Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*. Section 2.2 goes down to bytes.
# - Schuster & Nakajima (2012), *Japanese and Korean Voice Search*; Devlin et al. (2019), *BERT*: WordPiece.
# - Kudo (2018), *Subword Regularization*; Kudo & Richardson (2018), *SentencePiece*: Unigram.
# - Viterbi (1967), *Error Bounds for Convolutional Codes and an Asymptotically Optimum Decoding Algorithm*.
# - Petrov et al. (2023), *Language Model Tokenizers Introduce Unfairness Between Languages*.
# - Liu et al. (2025), *SuperBPE: Space Travel for Language Models*: merges across words.
# - Edman, Schmid & Fraser (2024), *CUTE: Measuring LLMs' Understanding of Their Tokens*: can models spell?
# - Singh & Strouse (2024), *Tokenization Counts: the Impact of Tokenization on Arithmetic in Frontier LLMs*.
# - Pagnoni et al. (2024), *Byte Latent Transformer: Patches Scale Better Than Tokens*: a model without tokens.
#
# In the project, `course/03_tokenization.md` tells the history, and lab 05 turns your ids into vectors.
