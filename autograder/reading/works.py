"""Names by which code reaches into Python, the kernel, PyTorch or the checker, and those that run code unseen."""

from __future__ import annotations

MAY_IMPORT = {"check", "hint", "progress", "CheckFailed", "AutograderError"}
# What something says of itself.
DESCRIBES = {"__doc__", "__file__", "__name__", "__version__"}
# What only says how something is shown or asked for; no evidence passes through it.
SHOWN_BY = {"__repr__", "__str__", "_repr_html_", "_repr_markdown_", "_repr_pretty_"}
MAY_REPLACE = {"builtins.input", "builtins.print", "sys.excepthook"}
MAY_REPLACE |= {"threading.excepthook"}
CHECKER = "autograder"

# Attributes by which one object leads to another that it was not given.
ATTRIBUTES = {
    *("f_back", "f_builtins", "f_globals", "f_locals", "gi_frame", "cr_frame", "ag_frame"),
    *("tb_frame", "__closure__", "__code__", "__globals__", "__subclasses__", "__builtins__"),
    *("__self__", "__reduce__", "__reduce_ex__"),
}
FUNCTIONS = {
    *("inspect.getmodule", "sys.meta_path", "sys.path_hooks", "sys.path_importer_cache"),
    *("gc.get_objects", "gc.get_referents", "gc.get_referrers"),
    *("inspect.currentframe", "inspect.getclosurevars", "inspect.stack", "inspect.trace"),
    *("sys._current_frames", "sys._getframe", "sys.addaudithook", "sys.setprofile", "sys.settrace"),
    *("threading.setprofile", "threading.settrace"),
}
MODULES = {"__main__", "_ctypes", "cffi", "ctypes", "_frozen_importlib"}
# Modules that many others have imported, and that can be reached through them.
CARRIED = {
    *("__main__", "builtins", "ctypes", "gc", "importlib", "inspect", "marshal", "multiprocessing"),
    *("pickle", "runpy", "subprocess", "sys"),
}
# A text that alone says what it is for: it names a function of Python's, or asks that stored code be run.
TEXTS = {
    *(
        f"builtins{sign}{name}"
        for sign in ".:"
        for name in ("__import__", "compile", "eval", "exec")
    ),
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD",
}
# Given one of these, a getter or caller runs a text.
CALLED_BY_NAME = {"__import__", "compile", "eval", "exec"}
GETTERS = {"getattr", "operator.attrgetter", "operator.itemgetter", "operator.methodcaller"}
# What runs code that cannot be read beforehand.
RUNNERS = {
    *("bdb.Bdb", "imp.load_module", "imp.load_source", "importlib.machinery.ExtensionFileLoader"),
    *("importlib.machinery.SourcelessFileLoader", "pdb.run", "pdb.runeval", "site.addpackage"),
    *("site.addsitedir", "torch.jit.load", "trace.Trace", "yaml.unsafe_load"),
    *("compile", "eval", "exec", "execfile", "builtins.compile", "builtins.eval", "builtins.exec"),
    *("cloudpickle.load", "cloudpickle.loads", "dill.load", "dill.loads", "joblib.load"),
    *("pickle.Unpickler", "pickle.load", "pickle.loads", "_pickle.load", "_pickle.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "pandas.read_pickle"),
    *("code.interact", "code.InteractiveInterpreter", "code.InteractiveConsole"),
    *("importlib.util.module_from_spec", "importlib.util.spec_from_file_location"),
    *("importlib.machinery.SourceFileLoader", "runpy.run_module", "runpy.run_path"),
    *("zipimport.zipimporter", "types.CodeType", "types.FunctionType", "types.LambdaType"),
    *("IPython.core.macro.Macro", "doctest.run_docstring_examples", "doctest.testmod"),
    *("torch.jit.CompilationUnit", "torch.utils.cpp_extension.load"),
    *("torch.utils.cpp_extension.load_inline", "torch.package.PackageImporter"),
}
# These run a text where one is given, and a function otherwise.
TEXT_RUNNERS = {
    *("timeit.timeit", "timeit.repeat", "timeit.Timer", "cProfile.run", "cProfile.runctx"),
    *("profile.run", "profile.runctx"),
}
# Methods that run a text or a module, whatever they are methods of.
RUNNING_METHODS = {"PyRun_SimpleString", "exec_module", "load_module", "runctx", "runsource"}
# These read code where this keyword is given.
KEYWORD_RUNNERS: dict[str, tuple[str, object]] = {
    "torch.load": ("weights_only", False),
    "numpy.load": ("allow_pickle", True),
    "torch.hub.load": ("source", "local"),
}
# What the kernel does with a text, and where it lets itself be changed.
KERNEL_WORKS = {
    *("ast_transformers", "builtin_trap", "compile", "display_pub", "displayhook", "ev", "ex"),
    *("history_manager", "input_transformer_manager", "input_transformers_cleanup"),
    *("input_transformers_post", "kernel", "run_ast_nodes", "run_cell", "run_cell_async"),
    *("run_code", "runcode", "safe_execfile", "safe_execfile_ipy", "safe_run_module"),
    *("find_cell_magic", "find_line_magic", "find_magic", "magics_manager", "push", "user_module"),
    *(
        "user_ns",
        "find_user_code",
        "prefilter_manager",
        "_last_input_line",
        "user_global_ns",
        "mktempfile",
    ),
}
# The libraries that the checker's evidence passes through.
PASSED_THROUGH = {
    *("IPython", "base64", "builtins", "copy", "dataclasses", "hashlib", "importlib", "inspect"),
    *("ipykernel", "json", "jupyter_client", "llmlab", "os", "safetensors", "sys", "threading"),
    *("torch", "zlib"),
}
NETWORK = {
    *("aiohttp", "ftplib", "http.client", "httpx", "paramiko", "requests", "smtplib", "socket"),
    *("urllib.request", "urllib3", "websocket", "websockets"),
}
# By these an answer can be computed in another process, of which nothing is seen.
PROCESSES = {
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output"),
    *("subprocess.check_call", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("os.system", "os.popen", "os.fork", "os.execv", "os.posix_spawn", "os.spawnv"),
    *("multiprocessing.Process", "multiprocessing.Pool", "multiprocessing.get_context"),
    *("concurrent.futures.ProcessPoolExecutor", "multiprocessing.spawn"),
}
# What is made by these, or is an empty list or the like, carries things from one function to another.
CHANNELS = {
    *("asyncio", "collections", "concurrent", "contextvars", "multiprocessing", "os", "queue"),
    *("socket", "subprocess", "threading", "types", "weakref"),
}
CONTAINERS = {"bytearray", "dict", "iter", "list", "object", "open", "set", "type"}
# Calls that write a file, or bring one to where it can be imported.
WRITES_FILES = {
    *("copy", "copy2", "copyfile", "copytree", "link", "move", "rename", "replace", "symlink_to"),
    *("write_bytes", "write_text"),
}
