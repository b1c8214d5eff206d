"""Explains the well-known messages of Python and PyTorch in words, with the numbers that they hold.

An explanation says what the message means, whatever the code was: 'In line 4, index 7 is asked for
on axis 0, which has size 4.' A message whose numbers cannot be read stays unexplained.
"""

from __future__ import annotations

import re

from autograder.probing.evidence import Failure

_KINDS = {
    "NoneType": "None",
    "int": "a whole number",
    "float": "a real number",
    "bool": "a truth value",
    "str": "text",
    "bytes": "bytes",
    "list": "a list",
    "tuple": "a tuple",
    "dict": "a dictionary",
    "set": "a set",
    "Tensor": "a tensor",
    "Parameter": "a parameter",
    "function": "a function",
    "method": "a method",
    "builtin_function_or_method": "a function or method that is not called",
    "generator": "a generator",
    "range": "a range",
    "module": "a module",
    "type": "a class",
    "torch.Size": "a shape",
}
_OF_TENSORS = "shape dim size sum mean item backward exp log sqrt T mT to float long tolist unsqueeze view reshape"
# What people look for in the wrong place who know NumPy, lists or text.
_HABITS = {
    **dict.fromkeys(_OF_TENSORS.split(), "a tensor's"),
    **dict.fromkeys(("split", "lower", "strip", "encode"), "text's"),
    **dict.fromkeys(("items", "keys"), "a dictionary's"),
    "decode": "that of bytes",
    "astype": "NumPy's; a tensor has `to`",
    "copy": "NumPy's; a tensor has `clone`",
    "concatenate": "NumPy's; PyTorch has `torch.cat`",
    "append": "a list's; tensors have a fixed size and are joined by `torch.cat` or `torch.stack`",
    "extend": "a list's; tensors have a fixed size and are joined by `torch.cat`",
    "index": "a list's; look places up with `==` and `nonzero`",
}
_CHANGED = (
    "the backward pass needs a tensor as it was, and it has been changed in place since (by `+=`, an "
    "assignment to a part of it, or a method whose name ends with an underscore)"
)
_NUMBER = re.compile(r"\b1 (axe|element|value|name|place|row|column|example)s\b")
_UNTRACED = r"element \d+ of tensors does not require grad and does not have a grad_fn"
_INPLACE = r"one of the variables needed for gradient computation has been modified by an inplace operation"

_SHAPES: dict[str, str] = {
    r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)": (
        "two tensors are put together whose shapes do not fit: on axis {2} of the result one has size {0} and the "
        "other {1}. Shapes are compared from the last axis on, and two sizes must be equal or one of them 1"
    ),
    r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)": (
        "a matrix of {0} × {1} is multiplied by one of {2} × {3}: the {1} columns of the first must be as many as "
        "the {2} rows of the second (leading axes are counted into the rows)"
    ),
    r"size mismatch, got input \((\d+)\), mat \((\d+)x(\d+)\), vec \((\d+)\)": (
        "a matrix of {1} × {2} is multiplied by a vector of {3}: the vector must have as many elements as the "
        "matrix has columns"
    ),
    r"inconsistent tensor size, expected tensor \[(\d+)\] and src \[(\d+)\]": (
        "the inner product of two vectors is taken, one of {0} and one of {1} elements: they must be equally long"
    ),
    r"[Ee]xpected size for first two dimensions of batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), "
    r"(\d+)\]": (
        "batches of matrices are multiplied that do not fit: a batch of {0} with {1} rows is needed on the right, "
        "and one of {2} with {3} rows came"
    ),
    r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+)(?: in dimension \d+)? "
    r"but got size (\d+) for tensor number (\d+)": (
        "tensors are joined along axis {0}, and on another axis they differ: one has size {1} there, another {2}. "
        "All axes but the one along which they are joined must be equal"
    ),
    r"stack expects each tensor to be equal size, but got \[([\d, ]*)\] at entry \d+ and \[([\d, ]*)\] at "
    r"entry \d+": ("tensors are stacked that differ in shape: ({0}) and ({1})"),
    r"Tensors must have same number of dimensions: got (\d+) and (\d+)": (
        "tensors are joined that have different numbers of axes: {0} and {1}"
    ),
    r"zero-dimensional tensor \(at position \d+\) cannot be concatenated": (
        "single numbers (tensors without axes) are joined by `cat`, which joins along an axis that is there; "
        "`stack` makes one"
    ),
    r"expect(?:s|ed) a non-empty (?:list of Tensors|TensorList)": "an empty list of tensors is joined",
    r"The expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\) at non-singleton dimension "
    r"(\d+)\.\s+Target sizes: \[([\d, -]*)\]\.\s+Tensor sizes: \[([\d, ]*)\]": (
        "a tensor of shape ({4}) is to take the shape ({3}), and on axis {2} its size is {1}, not {0}. "
        "Only an axis of size 1 can be repeated"
    ),
    r"expand\(.*\{\[([\d, ]*)\]\}, size=\[([\d, -]*)\]\): the number of sizes provided": (
        "a tensor of shape ({0}) is to take the shape ({1}), which has fewer axes"
    ),
    r"output with shape \[([\d, ]*)\] doesn't match the broadcast shape \[([\d, ]*)\]": (
        "a tensor of shape ({0}) is changed in place by an operation whose result has shape ({1}), and that does "
        "not fit into it"
    ),
    r"view size is not compatible with input tensor's size and stride": (
        "`view` is asked for a shape that the tensor's order in memory does not allow, as after a transpose; "
        "`reshape` copies where it must"
    ),
    r"shape '\[([\d, -]*)\]' is invalid for input of size (\d+)": (
        "a tensor of {1} elements is to take the shape ({0}), which does not fit that number"
    ),
    r"cannot reshape tensor of 0 elements into shape \[([\d, -]*)\]": (
        "a tensor without elements is to take the shape ({0}), and its -1 could be anything"
    ),
    r"permute\(.*input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)": (
        "`permute` is given {1} axes, and the tensor has {0}: it needs each of them once"
    ),
    r"(tril|triu): input tensor must have at least 2 dimensions": "`{0}` takes a triangle of a matrix, and "
    "got fewer axes",
    r"both arguments to matmul need to be at least 1D, but they are (\d)D and (\d)D": (
        "a matrix product is taken with a single number (a tensor without axes)"
    ),
    r"einsum\(\): subscript (\w) has size (\d+) for operand (\d+) which does not broadcast with previously "
    r"seen size (\d+)": ("`einsum` meets the letter {0} at two sizes: {3} and {1}"),
    r"expected sequence of length (\d+) at dim (\d+) \(got (\d+)\)": (
        "a tensor is made of lists that are not equally long: {0} and {2}"
    ),
    r"t\(\) expects a tensor with <= 2 dimensions, but self is (\d+)D": (
        "`t` turns matrices round, and this tensor has {0} axes"
    ),
    r"tensor\.(mT|mH) is only supported on matrices or batches of matrices\. Got (\d+)-D tensor": (
        "`{0}` exchanges the last two axes, and this tensor has {1}"
    ),
    r"Given normalized_shape=\[([\d, ]*)\], expected input with shape \[\*[\d, ]*\], but got input of size "
    r"?\[([\d, ]*)\]": (
        "a normalization over vectors of size {0} meets a tensor of shape ({1}), whose last axis has another size"
    ),
    r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)": (
        "the loss is given scores for {0} examples and targets for {1}"
    ),
    r"split_with_sizes expects split_sizes to sum exactly to (\d+)": (
        "a tensor is split into sizes that do not add up to the {0} there are"
    ),
    r"start \((-?\d+)\) \+ length \((\d+)\) exceeds dimension size \((\d+)\)": (
        "{1} places from place {0} on are asked for, and the axis has only {2}"
    ),
    r"selected index k out of range": "more of the largest values are asked for than the axis holds",
    r"The shape of the mask \[([\d, ]*)\] at index (\d+) does not match the shape of the indexed tensor "
    r"\[([\d, ]*)\]": (
        "a tensor of shape ({2}) is indexed by truth values of shape ({0}), and on axis {1} the two differ"
    ),
    r"shape mismatch: indexing tensors could not be broadcast together with shapes (\[[\d, ]*\](?:, \[[\d, "
    r"]*\])*)": (
        "a tensor is indexed by several tensors at once whose shapes do not fit together: {0}"
    ),
    r"shape mismatch: value tensor of shape \[([\d, ]*)\] cannot be broadcast to indexing result of shape "
    r"\[([\d, ]*)\]": (
        "a tensor of shape ({0}) is written into a place of shape ({1}), and does not fit"
    ),
    r"[Ee]xpected index \[([\d, ]*)\] to be (?:no larger|smaller) than self \[([\d, ]*)\] apart from "
    r"dimension (\d+)": (
        "`gather` or `scatter` along axis {2} is given indices of shape ({0}) for a tensor of shape ({1}): on the "
        "other axes they may not be larger"
    ),
    r"Index tensor must have the same number of dimensions as (?:input|self) tensor": (
        "`gather` or `scatter` is given indices with another number of axes than the tensor has"
    ),
}

_NUMBERS: dict[str, str] = {
    r"tensors used as indices must be long, int, byte or bool tensors": (
        "a tensor is indexed by real numbers, and only whole numbers or truth values can be indices"
    ),
    r"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
    r"torch\.(\w+?)Tensor": (
        "an embedding is given a tensor of type {0}, and it looks up whole numbers (ids)"
    ),
    r"only integer tensors of a single element can be converted to an index": (
        "a whole tensor is used where one whole number is needed"
    ),
    r"(\w+)\(\): Expected dtype (?:int32(?:/| or ))?int64 for index": (
        "`{0}` is given indices that are not whole numbers of 32 or 64 bits"
    ),
    r"one_hot is only applicable to index tensor": "`one_hot` needs whole numbers of 64 bits, and got others",
    r"expected scalar type (\w+) but found (\w+)": "numbers of type {1} meet an operation that needs type {0}",
    r"(?:mat1|self) and mat2 must have the same dtype, but got (\w+) and (\w+)": (
        "a matrix of type {0} is multiplied by one of type {1}: both must be of one type"
    ),
    r"expected m1 and m2 to have the same dtype, but got: ([\w ]+) != ([\w ]+)": (
        "a matrix of type {0} is multiplied by one of type {1}: both must be of one type"
    ),
    r"expected both vectors to have same dtype, but found (\w+) and (\w+)": (
        "the inner product of numbers of type {0} and of type {1} is taken: both must be of one type"
    ),
    r"(std and var) only support floating point and complex dtypes": "{0} are taken of whole numbers, and "
    "need real ones",
    r"expected target dtype to be Long or Byte, but got (\w+)": (
        "the loss is given targets of type {0}, and it needs whole numbers of 64 bits: the classes' indices"
    ),
    r"Expected query, key, and value to have the same dtype, but got query\.dtype: (\w+) key\.dtype: (\w+) and "
    r"value\.dtype: (\w+)": "attention is given queries of type {0}, keys of type {1} and values of type "
    "{2}: all must be of one",
    r"(\w+)\(\): Expected self\.dtype to be equal to src\.dtype": (
        "`{0}` writes numbers of one type into a tensor of another: both must be of one type"
    ),
    r"(\w+)\(\): self \((\w+)\) and source \((\w+)\) must have the same scalar type": (
        "`{0}` adds numbers of type {2} to a tensor of type {1}: both must be of one type"
    ),
    r"mixed dtype \(CPU\)": "tensors of two types are put together in an operation that needs one",
    r"Index put requires the source and destination dtypes match, got (\w+) for the destination and (\w+)": (
        "numbers of type {1} are written into a tensor of type {0}"
    ),
    r"result type (\w+) can't be cast to the desired output type (\w+)": (
        "a result of type {0} is to be kept in place in a tensor of type {1}, which cannot hold it"
    ),
    r"(\w+)\(\): (?:could not infer output dtype\. )?[Ii]nput dtype (?:must|should) be either a? ?floating "
    r"point or "
    r"complex dtypes?\. Got:? (\w+)": "`{0}` is taken of numbers of type {1}; it needs real numbers",
    r"Only Tensors of floating point and complex dtype can require gradients": (
        "a tensor of whole numbers is to have a gradient, and only real numbers can"
    ),
    r"\"(\w+)\" not implemented for '(\w+)'": "an operation is asked of numbers of type {1} that PyTorch does not "
    "offer for them",
    r"masked_fill_? only supports boolean masks, but got mask with dtype ([\w ]+)": (
        "a mask of type {0} is used where truth values are needed"
    ),
    r"a Tensor with (\d+) elements cannot be converted to Scalar": (
        "a tensor of {0} elements is to become one number; only a tensor of one element can"
    ),
    r"only (?:one element tensors|single-element tensors) can be converted to Python scalars": (
        "a tensor of several elements is to become one number; only a tensor of one element can"
    ),
    r"Boolean value of Tensor with more than one value is ambiguous": (
        "a tensor of several values stands where one truth value is needed (`if`, `and`, `or`, `not`, "
        "`in`). To ask "
        "whether it is there, compare with None; to ask about its values, say all or any"
    ),
    r"Boolean value of Tensor with no values is ambiguous": (
        "a tensor without values stands where one truth value is needed"
    ),
    r"probability tensor contains either `?inf`?, `?nan`? or element < 0": (
        "tokens are drawn from probabilities among which some are negative, infinite or NaN (not a number)"
    ),
    r"invalid multinomial distribution \(sum of probabilities <= 0\)": (
        "tokens are drawn from probabilities that are all 0"
    ),
    r"Expected all tensors to be on the same device|Tensor on device \S+ is not on the expected device": (
        "tensors of different devices are put together"
    ),
    r"Can't call numpy\(\) on Tensor that requires grad": (
        "a tensor with a gradient's history is handed to NumPy, which cannot follow it"
    ),
    r"math domain error|expected a (?:positive|nonnegative) input": (
        "`math` is asked for what is not defined, such as the logarithm of 0 or the root of a negative number"
    ),
    r"math range error|Numerical result out of range": "a number grows too large for Python's real numbers",
    r"division by zero|modulo by zero": "something is divided by 0",
    r"cannot convert float (NaN|infinity) to integer": "{0} is to become a whole number",
}

_GRADIENTS: dict[str, str] = {
    _UNTRACED: (
        "gradients are asked of a tensor that remembers no computation: nothing it was made from requires a "
        "gradient, "
        "or the trace was lost on the way (`detach`, `no_grad`, `item`, a new tensor made of numbers)"
    ),
    _INPLACE: _CHANGED,
    r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation": (
        "a tensor that requires a gradient is changed in place, and its gradient would be lost. Compute a "
        "new tensor, "
        "or, where parameters are updated, do it where no gradient is recorded"
    ),
    r"Trying to backward through the graph a second time": (
        "the backward pass runs twice through one computation, and after the first its records are gone"
    ),
    r"grad can be implicitly created only for scalar outputs": (
        "`backward` starts from a tensor of several numbers; it needs one number, such as a loss"
    ),
    r"[Dd]ifferentiated Tensors? (?:at index \d+ )?appears to not have been used in the graph": (
        "a gradient is asked for a tensor that took no part in the computation"
    ),
}

_PLACES: dict[str, str] = {
    r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)": (
        "index {0} is asked for on axis {1}, which has size {2}: places count from 0 and end one below the size"
    ),
    r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)": (
        "axis {2} is asked for, and this tensor has only axes {0} to {1}"
    ),
    r"too many indices for tensor of dimension (\d+)": "a tensor of {0} axes is indexed on more axes than that",
    r"invalid index of a 0-dim tensor|invalid index to scalar": "a tensor of a single number, without axes, "
    "is indexed",
    r"index out of range in self": "an id is looked up that is as large as the table or larger, or negative",
    r"Target (-?\d+) is out of bounds": "the loss is given the target {0}, and there are no scores for it",
    r"(list|tuple|string|deque|range object|bytearray|array) (assignment )?index out of range": (
        "a place is asked for that this {0} does not have: places count from 0, so the last is one less "
        "than the length"
    ),
    r"^(?:pop )?index out of range$": "a place is asked for that is not there: places count from 0, so the "
    "last is one less "
    "than the length",
    r"pop from (?:an )?empty (list|deque)": "an item is taken from an empty {0}",
    r"iteration over a 0-d tensor": "a loop runs over a tensor of a single number, which has no axis",
    r"len\(\) of a 0-d tensor": "the length of a tensor of a single number is asked for, which has no axis",
    r"(dictionary|Set|OrderedDict|deque) (?:changed size|mutated|keys changed) during iteration": (
        "a loop runs over a {0} that changes meanwhile; loop over a copy, or collect the changes first"
    ),
    r"(?:(max|min)\(\) (?:arg is an empty sequence|iterable argument is empty))": (
        "`{0}` is taken of nothing: there is no item to choose from"
    ),
    r"(amax|amin|max|min|argmax|argmin)\(\): Expected reduction dim (?:to be specified|\d+ to have non-zero "
    r"size)": ("`{0}` is taken of a tensor without elements"),
    r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)\)": (
        "{0} names are to be filled from {1} values. If it is a shape that is unpacked, the tensor has {1} "
        "axes here"
    ),
    r"too many values to unpack \(expected (\d+)(?:, got \d+)?\)": (
        "{0} names are to be filled from more values than that. If it is a shape that is unpacked, the "
        "tensor has more "
        "axes here"
    ),
}

_PYTHON: dict[str, str] = {
    r"unsupported operand type\(s\) for (\S+?)(?: or \S+)?: '([\w.]+)' and '([\w.]+)'": (
        "`{0}` is asked of {k1} and {k2}, which do not go together"
    ),
    r"bad operand type for (?:unary (\S+)|abs\(\)): '([\w.]+)'": "{k1} has no sign: it is no number",
    r"'(\S+)' not supported between instances of '([\w.]+)' and '([\w.]+)'": (
        "{k1} and {k2} are compared by `{0}`, and have no order"
    ),
    r"can only concatenate (str|list|tuple) \(not \"([\w.]+)\"\) to \w+": "{k1} is added to {k0}; only {k0} can be",
    r"can't concat (\w+) to (bytes)": "{k0} is added to bytes; only bytes can be",
    r"can't multiply sequence by non-int of type '([\w.]+)'": (
        "a list or text is multiplied by {k0}. Multiplying numbers one by one needs a tensor or a loop"
    ),
    r"'([\w.]+)' object is not subscriptable": "{k0} is indexed by square brackets, and it holds nothing to index",
    r"'([\w.]+)' object is not iterable|cannot unpack non-iterable ([\w.]+) object|cannot convert "
    r"'([\w.]+)' object": (
        "several values are taken from {kx}, which holds no values to go through"
    ),
    r"argument of type '([\w.]+)' is not (?:iterable|a container or iterable)": (
        "`in` asks what is in {k0}, which holds no items"
    ),
    r"'torch.Size' object is not callable": "a shape is called like a function; `shape` is read without "
    "parentheses",
    r"'([\w.]+)' object is not callable": "{k0} is called like a function: is a name used twice, or an "
    "operator missing?",
    r"'([\w.]+)' object does not support item (?:assignment|deletion)": "an item of {k0} is changed, and "
    "that cannot be",
    r"'([\w.]+)' object is not an iterator": "the next value is asked of {k0}; `iter` makes something that "
    "has a next",
    r"'([\w.]+)' object cannot be interpreted as an integer": "{k0} stands where a whole number is needed",
    r"object of type '([\w.]+)' has no len\(\)": "the length of {k0} is asked for, and it has none",
    r"(list|tuple|string|bytes) indices must be integers(?: or slices)?, not '?([\w.]+)'?": (
        "a {0} is indexed by {k1}, and its places are whole numbers"
    ),
    r"slice indices must be integers or None": "a part of a list or text is asked for whose ends are no "
    "whole numbers",
    r"unhashable type: '([\w.]+)'": (
        "{k0} is used as a key of a dictionary or an item of a set, where only what cannot change may stand "
        "(text, numbers, "
        "tuples of them)"
    ),
    r"sequence item (\d+): expected (?:a )?(str|bytes)(?: instance|-like object), ([\w.]+) found": (
        "`join` puts together only {k1}, and item {0} (counted from 0) is {k2}"
    ),
    r"a bytes-like object is required, not '([\w.]+)'": "bytes are needed, and {k0} came; `encode` makes "
    "bytes of text",
    r"string argument without an encoding": "text is to become bytes without a word on how; `encode` does "
    "it in UTF-8",
    r"must be str(?: or .+)?, not ([\w.]+)": "text is needed, and {k0} came",
    r"'in <string>' requires string as left operand, not ([\w.]+)": "{k0} is looked for in text, which "
    "holds only text",
    r"([\w.]+)\(\) missing (\d+) required (positional|keyword-only) arguments?: (.+)": (
        "`{0}` is called without a value for {3}"
    ),
    r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'": "`{0}` is given `{1}=`, and has no such argument",
    r"([\w.]+)\(\) got multiple values for argument '(\w+)'": "`{0}` is given `{1}` twice: by place and by name",
    r"([\w.]+)\(\) takes (?:from )?(?:\d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given": (
        "`{0}` is given {2} values by place, and takes at most {1} (a method counts `self`)"
    ),
    r"([\w.]+)\(\) takes no (positional |keyword )?arguments": "`{0}` is given {1}arguments, and takes none "
    "of them",
    r"(\w+)\(\): argument '(\w+)' (?:\(position \d+\) )?must be (\w+)(?: of \w+)?, not ([\w.]+)": (
        "`{0}` needs {k2} for `{1}`, and got {k3}"
    ),
    r"(\w+)\(\) received an invalid combination of arguments - got \(\)": (
        "`{0}` is called without any value, and needs one (was `*` put before something empty?)"
    ),
    r"(\w+)\(\) received an invalid combination of arguments": (
        "`{0}` is given values of kinds that it does not take together: look at what each of them is"
    ),
    r"expected Tensor as element (\d+) in argument 0, but got (\w+)": (
        "a list of tensors is joined, and its item {0} (counted from 0) is {k1}"
    ),
    r"must be real number, not ([\w.]+)": "{k0} stands where one number is needed",
    r"cannot access local variable '(\w+)' where it is not associated with a value": (
        "`{0}` is used before it has a value in this function. It gets one only further on, or in a branch "
        "or a loop that "
        "did not run; a name that a function assigns to is its own all through"
    ),
    r"name '(\w+)' is not defined": (
        "the name `{0}` is used, and nothing is called so: is it spelled as where it was made, and was that "
        "cell run?"
    ),
    r"module '([\w.]+)' has no attribute '(\w+)'": "`{0}` holds nothing that is called `{1}`",
    r"could not convert string to float: (.+)": "the text {0} is to become a number, and is none",
    r"invalid literal for int\(\) with base \d+: (.+)": "the text {0} is to become a whole number, and is none",
    r"(.+) is not in (list|deque|tuple)": "{0} is looked for in a {1} that does not hold it",
    r"(list|deque|array)\.remove\(x\): x not in \w+": "an item is removed from a {0} that does not hold it",
    r"(tuple)\.index\(x\): x not in tuple": "an item is looked for in a {0} that does not hold it",
    r"(?:substring|subsection) not found": "`index` looks for a piece of text that is not there",
    r"bytes must be in range\(0, 256\)|byte must be in range\(0, 256\)": (
        "a number outside 0 to 255 is to become a byte"
    ),
    r"chr\(\) arg not in range": "a number is to become a character, and no character has it",
    r"ord\(\) expected a character, but string of length (\d+) found": (
        "`ord` is asked for the number of one character, and got text of {0}"
    ),
    r"zip\(\) argument (\d+) is (shorter|longer) than arguments? (.+)": (
        "a strict `zip` goes through things of different lengths: the one in place {0} is {1}"
    ),
    r"'([\w-]+)' codec can't decode byte (0x\w+) in position (\d+): (.+)": (
        "bytes are read as text ({0}), and at byte {2} (counted from 0) stands {1}, which makes no character there"
    ),
    r"'([\w-]+)' codec can't decode bytes in position (\d+)-(\d+): (.+)": (
        "bytes are read as text ({0}), and bytes {1} to {2} (counted from 0) make no character there"
    ),
    r"'([\w-]+)' codec can't encode characters? .+": "text is written in {0}, which has no code for one of "
    "its characters",
}

_NAMED: dict[str, str] = {
    r"KeyError: 'pop(?:item\(\): | from an empty )(dictionary|set)(?: is empty)?'": "an item is taken from "
    "an empty {0}",
    r"KeyError: (.+)": "the key {0} is looked up in a dictionary that does not have it",
    r"RecursionError": "a function calls itself again and again, and never reaches a case in which it stops",
    r"StopIteration": "the next value is asked for, and there is none left",
    r"RuntimeError: generator raised StopIteration": (
        "the next value is asked for inside a generator, and there is none left"
    ),
    r"AssertionError$": "an `assert` finds that what it states is not so",
    r"FileNotFoundError: .*No such file or directory: (.+)": "the file {0} is opened, and there is none",
    r"MemoryError": "more memory is asked for than there is",
}


def explained(failure: Failure) -> str:
    """Explain a message of Python's or PyTorch's that was raised in the learner's own line.

    Args:
        failure: Why a probe came to no result. Only one that was `raised` in a line of the learner's own, or by the
            probe when it used what the answer returned (`probe`), can be explained.

    Returns:
        One or two sentences with the line's number and the message's sizes; empty where the message is not known.
    """
    if failure.kind == "probe":
        clause = _of_returned(failure.message)
        return f"{clause[:1].upper()}{clause[1:]}." if clause else ""
    place = re.match(r"line \d+( of the cell of `\w+`)?", failure.line)
    if failure.kind != "raised" or not place:
        return ""
    # A learner's own `raise` says what it says.
    if re.match(r": raise\b", failure.line[place.end() :]):
        return ""
    clause = _explanation(failure.message)
    return (
        f"In {place[0]}, {clause.rstrip('.')}{'' if clause.endswith('?') else '.'}"
        if clause
        else ""
    )


def _explanation(message: str) -> str:
    for pattern, text in _NAMED.items():
        if match := re.match(pattern, message):
            return _filled(text, match)
    kind, _, rest = message.partition(": ")
    if kind == "AttributeError" and (clause := _of_attribute(rest)):
        return clause
    for family in (_SHAPES, _NUMBERS, _GRADIENTS, _PLACES, _PYTHON):
        for pattern, text in family.items():
            if match := re.search(pattern, rest):
                return _filled(text, match)
    return ""


def _filled(text: str, match: re.Match[str]) -> str:
    """Put a message's own numbers and names into an explanation; `{k1}` is the kind that group 1 names."""
    groups = [group or "" for group in match.groups()]
    kinds = {f"k{place}": _kind(group) for place, group in enumerate(groups)}
    kinds["kx"] = _kind(next((group for group in groups if group), ""))
    return _NUMBER.sub(r"1 \1", text.format(*groups, **kinds)).replace("1 axe", "1 axis")


def _kind(name: str) -> str:
    article = "an" if name[:1] in "AEIOUaeiou" else "a"
    return _KINDS.get(name, f"{article} `{name}`")


def _of_attribute(message: str) -> str:
    match = re.match(r"'([\w.]+)' object has no attribute '(\w+)'", message)
    if not match:
        return ""
    owner, name = match.groups()
    if owner == "NoneType":
        return (
            f"`.{name}` is asked of None: something that was to give a value gave none (a gradient that is "
            "not there "
            "yet, a function without `return`, an argument left out)"
        )
    habit = _HABITS.get(name, "")
    own = habit.startswith("a tensor's") and owner in ("Tensor", "Parameter")
    more = f": it is {habit}" if habit and not own else ""
    return f"`.{name}` is asked of {_kind(owner)}, which has nothing of that name{more}"


_RETURNED: dict[str, str] = {
    _UNTRACED: (
        "no gradient can flow back from what is returned: it has lost the trace of how it was computed (`detach`, "
        "`no_grad`, `item`, `argmax`, a new tensor made of numbers)"
    ),
    _INPLACE: _CHANGED,
    r"grad can be implicitly created only for scalar outputs": (
        "what is returned holds several numbers, and gradients start from one number"
    ),
    r"'(float|int|list|tuple|NoneType|str|dict|bool)' object has no attribute '(\w+)'": (
        "{k0} comes where something with `.{1}` is needed"
    ),
    r"'(float|int|NoneType|bool)' object is not iterable": "{k0} comes where several values are needed",
    r"'(float|int|NoneType|bool|set|generator)' object is not subscriptable": (
        "{k0} comes where something with places is needed"
    ),
    r"cannot unpack non-iterable (float|int|NoneType|bool) object": "{k0} comes where several values are needed",
    r"not enough values to unpack \(expected (\d+), got (\d+)\)": "{1} values come where {0} are needed",
    r"too many values to unpack \(expected (\d+)(?:, got \d+)?\)": "more values come than the {0} that are needed",
    r"'(Tensor|float|int|NoneType|list|tuple|str|dict)' object is not callable": (
        "{k0} comes where something that can be called is needed"
    ),
    r"\"\w+\" not implemented for '(Long|Int|Bool)'": "numbers of type {0} come where real numbers are needed",
}


def _of_returned(message: str) -> str:
    """Explain what a probe met when it used what the answer returned."""
    rest = message.partition(": ")[2]
    for pattern, text in _RETURNED.items():
        if match := re.search(pattern, rest):
            return _filled(text, match)
    return ""
