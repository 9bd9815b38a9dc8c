"""Names of PyTorch, and of others, that are spelled otherwise here, or are not here: what to write.

Data only; `unknown_names.py` looks up what somebody asked for in vain. A hint is a clause that
ends a sentence. Names that differ from ours by a letter or two need no entry.
"""

from __future__ import annotations

__all__ = ["ELSEWHERE", "KEYWORDS", "SPELLINGS"]

_CPU = "everything is on the CPU, so leave it out"
_MASK = "write ag.where(mask, value, x)"
_ROWS = "index: x[indices], or ag.take(x, indices, axis)"
_DTYPE = "write x.astype(np.{})"
_NUMPY = "dtypes are NumPy's: write np.{}"
_RECURRENT = (
    "there are no recurrent layers: loop over the time steps with nn.Linear in a Module of your own"
)
_ATTENTION = (
    "there is no attention layer: write it with nn.Linear, ag.matmul and ag.softmax in a Module"
)
_THREE_D = "there are layers for one and two dimensions only"
_PADDING = "write ag.pad(x, widths, mode) in forward, or a layer's padding="

TENSOR = {
    **{
        f"{name}_": f"write x = x.{name}(), which gives a new Tensor"
        for name in ("abs", "exp", "log", "relu", "sigmoid", "sqrt", "tanh")
    },
    **{
        f"{name}_": f"write x {sign}= y"
        for name, sign in (("add", "+"), ("div", "/"), ("mul", "*"), ("pow", "**"), ("sub", "-"))
    },
    "normal_": "write nn.init.normal_(x, mean, std)",
    "uniform_": "write nn.init.uniform_(x, a, b)",
    "H": "write x.T",
    "addmm": "write input + a @ b",
    "amax": "write x.max(axis=...)",
    "amin": "write x.min(axis=...)",
    "baddbmm": "write input + a @ b",
    "bfloat16": "there is no bfloat16: write np.float32 or np.float16",
    "bernoulli": "write (ag.rand(x.shape).data < x.data)",
    "bmm": "write a @ b",
    "bool": _DTYPE.format("bool_"),
    "byte": _DTYPE.format("uint8"),
    "chunk": "write ag.array_split(x, chunks, axis)",
    "clamp_": "write x.clamp(min, max), which gives a new Tensor",
    "clamp_max": "write x.clamp(max=...)",
    "clamp_min": "write x.clamp(min=...)",
    "contiguous": "reshape and view copy where they must, so leave it out",
    "count_nonzero": "write np.count_nonzero(x)",
    "cpu": _CPU,
    "cuda": f"there is no GPU here: {_CPU}",
    "data_ptr": "write x.data.ctypes.data",
    "detach_": "write x = x.detach()",
    "device": _CPU,
    "element_size": "write x.itemsize",
    "eq": "write x == y",
    "expand_as": "write x.expand(y.shape)",
    "fix": "write ag.trunc(x)",
    "fmod": "write x - y * ag.trunc(x / y)",
    "gather": "write ag.take_along_axis(x, indices, axis)",
    "ge": "write x >= y",
    "ger": "write ag.outer(x, y)",
    "get_device": _CPU,
    "gt": "write x > y",
    "half": _DTYPE.format("float16"),
    "index_add": "write ag.scatter_add",
    "index_fill": _MASK,
    "index_select": _ROWS,
    "int": _DTYPE.format("int32"),
    "inverse": "write ag.inv(x)",
    "isclose": "write np.isclose(x, y)",
    "isfinite": "write np.isfinite(x)",
    "isinf": "write np.isinf(x)",
    "isnan": "write np.isnan(x)",
    "median": "write np.median(x.data)",
    "is_contiguous": "write x.data.flags.c_contiguous",
    "is_cuda": _CPU,
    "is_floating_point": 'write x.dtype.kind == "f"',
    "le": "write x <= y",
    "lerp": "write x + weight * (y - x)",
    "logdet": "write ag.slogdet(x)[1]",
    "long": _DTYPE.format("int64"),
    "lt": "write x < y",
    "masked_fill": _MASK,
    "masked_fill_": "write x = ag.where(mask, value, x)",
    "masked_select": "index: x[mask]",
    "mm": "write a @ b",
    "movedim": "write ag.moveaxis(x, source, destination)",
    "multinomial": "write np.random.default_rng().choice(n, size, p=x.data)",
    "mv": "write a @ b",
    "narrow": "index: x[start:start + length]",
    "ndimension": "write x.ndim",
    "ne": "write x != y",
    "neg": "write -x",
    "nelement": "write x.size",
    "new_full": "write ag.full(shape, value, dtype=x.dtype)",
    "new_ones": "write ag.ones(shape, dtype=x.dtype)",
    "new_tensor": "write ag.tensor(data, dtype=x.dtype)",
    "new_zeros": "write ag.zeros(shape, dtype=x.dtype)",
    "nonzero": "write np.nonzero(x)",
    "pin_memory": _CPU,
    "remainder": "write x - y * ag.floor(x / y)",
    "repeat_interleave": "write x.repeat(n, axis)",
    "reshape_as": "write x.reshape(y.shape)",
    "retains_grad": "write x.node.retainer is not None",
    "rsqrt": "write 1 / ag.sqrt(x)",
    "scatter_": "write ag.scatter_add, which gives a new Tensor",
    "select": "index: x[i]",
    "short": _DTYPE.format("int16"),
    "split_with_sizes": "write ag.split(x, positions, axis), with positions where to cut",
    "squeeze_": "write x = x.squeeze()",
    "stride": "write x.data.strides, in bytes",
    "t": "write x.T",
    "take_along_dim": "write ag.take_along_axis(x, indices, axis)",
    "tensor_split": "write ag.array_split(x, sections, axis)",
    "to_sparse": "there are no sparse Tensors",
    "true_divide": "write x / y",
    "type": "write x.dtype, or x.astype(dtype)",
    "type_as": "write x.astype(y.dtype)",
    "unbind": "write ag.unstack(x, axis)",
    "unflatten": "write x.reshape(...)",
    "unique": "write np.unique(x.data)",
    "values": "write x.data",
    "view_as": "write x.reshape(y.shape)",
}

_DECOMPOSED = "without a gradient: np.linalg.{}(x.data)"
_FLOW = "write Python's own loops and branches: the graph is recorded as the program runs"
_IN_NN = "write nn.{0}, after import nn"

AUTOGRAD = {
    **{name: hint for name, hint in TENSOR.items() if name not in ("device", "values", "type")},
    "FloatTensor": "write ag.tensor(data, dtype=np.float32)",
    "Function": "an op of one's own is a function: @ag.op, see docs/own_ops.md",
    "LongTensor": "write ag.tensor(data, dtype=np.int64)",
    "Size": "shapes are tuples",
    "as_tensor": "write ag.Tensor(data), which shares memory",
    "autograd": "it is this module: ag.grad, ag.Tensor.backward",
    "backward": "write loss.backward()",
    "bool": _NUMPY.format("bool_"),
    "cat": "write ag.concatenate(tensors, axis=0)",
    "checkpoint_sequential": "write ag.checkpoint(function, x)",
    "compile": "there is no compiler: a call runs as it is written",
    "cdist": "write ag.norm(a[:, None] - b[None], axis=-1)",
    "clamp": "write ag.clip(x, min, max)",
    "det_": "write ag.det(x)",
    "device": _CPU,
    "double": _NUMPY.format("float64"),
    "empty": "write ag.zeros(shape)",
    "empty_like": "write ag.zeros_like(x)",
    "float": _NUMPY.format("float32"),
    "float16": _NUMPY.format("float16"),
    "float32": _NUMPY.format("float32"),
    "float64": _NUMPY.format("float64"),
    "from_numpy": "write ag.Tensor(array), which shares memory, or ag.tensor(array), which copies",
    "functional": "write nn.functional",
    "half": _NUMPY.format("float16"),
    "hessian": "write ag.func.hessian",
    "hvp": "write ag.func.hvp",
    "inference_mode": "write ag.no_grad()",
    "int": _NUMPY.format("int32"),
    "int32": _NUMPY.format("int32"),
    "int64": _NUMPY.format("int64"),
    "is_tensor": "write isinstance(x, ag.Tensor)",
    "jacobian": "write ag.func.jacobian",
    "jvp": "write ag.func.jvp",
    "linalg": "write ag.det, inv, solve, cholesky, slogdet, norm",
    "load": "write module.load_state_dict(nn.load(path))",
    "logspace": "write 10 ** ag.linspace(start, stop, num)",
    "long": _NUMPY.format("int64"),
    "manual_seed_all": "write ag.manual_seed(seed)",
    "nn": "write import nn",
    "ones_": "write ag.ones(shape)",
    "optim": "write import optim",
    "randn_like": "write ag.randn(x.shape, dtype=x.dtype)",
    **{name: _DECOMPOSED.format(name) for name in ("eigh", "lstsq", "qr", "svd")},
    "rand_like": "write ag.rand(x.shape, dtype=x.dtype)",
    "randperm": "write ag.permutation(n)",
    "pinverse": _DECOMPOSED.format("pinv"),
    "save": "write nn.save(module, path)",
    "seed": "write ag.manual_seed(seed)",
    "set_default_device": _CPU,
    "set_printoptions": "write np.set_printoptions(...)",
    "std_mean": "write x.std(axis), x.mean(axis)",
    "swapdims": "write ag.swapaxes(x, axis1, axis2)",
    "var_mean": "write x.var(axis), x.mean(axis)",
    "vjp": "write ag.func.vjp",
    "vmap": "write ag.func.vmap",
    "value_and_grad": "write ag.func.value_and_grad",
}

ELSEWHERE = {
    **dict.fromkeys(("cond", "fori_loop", "lax", "scan", "while_loop"), _FLOW),
    **{n: _IN_NN.format(n) for n in ("Linear", "Module", "Parameter", "Sequential")},
    "array": "write ag.tensor(data), which copies",
    "asarray": "write ag.Tensor(data), which shares memory",
    "eval": "write module.eval()",
    "exp2": "write 2.0**x",
    "jacfwd": "write ag.func.jacobian",
    "jacrev": "write ag.func.jacobian",
    "jit": "there is no compiler: a call runs as it is written",
    "one_hot": "write nn.functional.one_hot(labels, num_classes)",
    "random": "write ag.rand, ag.randn, ag.manual_seed",
    "stop_gradient": "write x.detach()",
    "train": "write module.train()",
}
"""What `autograd` is asked for by those who know JAX, NumPy, or another module of PyTorch."""

MODULE = {
    "bfloat16": "there is no bfloat16: write module.to(np.float32)",
    "compile": "there is no compiler: a call runs as it is written",
    "cpu": _CPU,
    "cuda": f"there is no GPU here: {_CPU}",
    "get_buffer": "write module.state_dict()[name], or the attribute itself",
    "get_parameter": "write dict(module.named_parameters())[name], or the attribute itself",
    "half": "write module.to(np.float16)",
    "register_full_backward_hook": "write tensor.register_hook(hook) on what the module returns",
    "share_memory": "parameters are arrays of this process",
    "type": "write module.to(dtype)",
}

NN = {
    "Dense": "write nn.Linear(in_features, out_features)",
    "Hardsigmoid": "write ag.clip(x / 6 + 0.5, 0, 1) in forward",
    "Hardswish": "write x * ag.clip(x / 6 + 0.5, 0, 1) in forward",
    "PairwiseDistance": "write ag.norm(a - b, axis=-1)",
    "CosineEmbeddingLoss": "write it with nn.functional.cosine_similarity(a, b)",
    **dict.fromkeys(("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"), _RECURRENT),
    **dict.fromkeys(
        (
            "MultiheadAttention",
            "Transformer",
            "TransformerDecoder",
            "TransformerDecoderLayer",
            "TransformerEncoder",
            "TransformerEncoderLayer",
        ),
        _ATTENTION,
    ),
    **dict.fromkeys(
        (
            "AdaptiveAvgPool3d",
            "AdaptiveMaxPool3d",
            "AvgPool3d",
            "BatchNorm3d",
            "Conv3d",
            "ConvTranspose3d",
            "Dropout3d",
            "InstanceNorm3d",
            "MaxPool3d",
        ),
        _THREE_D,
    ),
    **dict.fromkeys(
        (
            "ConstantPad1d",
            "ConstantPad2d",
            "ReflectionPad1d",
            "ReflectionPad2d",
            "ReplicationPad1d",
            "ReplicationPad2d",
            "ZeroPad1d",
            "ZeroPad2d",
        ),
        _PADDING,
    ),
    **dict.fromkeys(
        ("LazyBatchNorm2d", "LazyConv2d", "LazyLinear"),
        "layers need their sizes: an input of another size is answered with the one that fits",
    ),
    "CosineSimilarity": "write nn.functional.cosine_similarity(a, b)",
    "DataParallel": "kernels use all cores by themselves",
    "EmbeddingBag": "write nn.Embedding and a sum over the axis of the bag",
    "Hardtanh": "write ag.clip(x, -1, 1) in forward",
    "Mish": "write x * ag.tanh(ag.softplus(x)) in forward",
    "PReLU": "write ag.where(x > 0, x, slope * x) with an nn.Parameter",
    "ParameterDict": "a dict of nn.Parameter is found as it is",
    "ParameterList": "a list of nn.Parameter is found as it is",
    "PixelShuffle": "write reshape and transpose in forward",
    "RMSNorm": "write x / ag.sqrt((x**2).mean(-1, keepdims=True) + eps) * weight in a Module",
    "ReLU6": "write ag.clip(x, 0, 6) in forward",
    "Softmin": "write nn.functional.softmin(x)",
    "Tensor": "write ag.Tensor",
    "TripletMarginLoss": "write it with ag.norm and ag.relu",
    "Upsample": "write x.repeat(2, axis=-1).repeat(2, axis=-2) in forward",
    "parameter": "write nn.Parameter",
    "utils": "write optim.clip_grad_norm_ and clip_grad_value_; ag.concatenate joins parameters",
}

FUNCTIONAL = {
    "cosine_embedding_loss": "write it with F.cosine_similarity(a, b)",
    "celu": "write F.elu",
    "conv3d": _THREE_D,
    "ctc_loss": "there is no CTC loss",
    "dropout1d": "write F.dropout2d",
    "dropout3d": _THREE_D,
    "embedding_bag": "write F.embedding and a sum over the axis of the bag",
    "glu": "write a * F.sigmoid(b)",
    "gumbel_softmax": "write F.softmax((logits - ag.log(-ag.log(ag.rand(logits.shape)))) / tau)",
    "hardtanh": "write ag.clip(x, -1, 1)",
    "interpolate": "write x.repeat(2, axis=-1).repeat(2, axis=-2)",
    "mish": "write x * F.tanh(F.softplus(x))",
    "multi_head_attention_forward": _ATTENTION,
    "pairwise_distance": "write ag.norm(a - b, axis=-1)",
    "prelu": "write ag.where(x > 0, x, slope * x)",
    "relu6": "write ag.clip(x, 0, 6)",
    "relu_": "write F.relu(x), which gives a new Tensor",
    "rms_norm": "write x / ag.sqrt((x**2).mean(-1, keepdims=True) + eps) * weight",
    "scaled_dot_product_attention": "write ag.softmax(q @ k.mT / math.sqrt(d), axis=-1) @ v",
    "threshold": "write ag.where(x > threshold, x, value)",
    "triplet_margin_loss": "write it with ag.norm and F.relu",
    "upsample": "write x.repeat(2, axis=-1).repeat(2, axis=-2)",
}

OPTIM = {
    **dict.fromkeys(
        ("ASGD", "Adadelta", "Adafactor", "Adamax", "Lion", "Muon", "NAdam", "RAdam", "Rprop"),
        "there are SGD, Adam, AdamW, RMSprop, Adagrad, LBFGS, NewtonCG and LevenbergMarquardt; "
        "a rule of your own is a subclass of optim.Optimizer with `update`",
    ),
    "SparseAdam": "write optim.Adam",
    "swa_utils": "keep a state_dict() of your own and average its arrays",
}

SCHEDULERS = {
    "ReduceLROnPlateau": 'set opt.param_groups[0]["lr"] where the loss stops falling',
    **dict.fromkeys(
        (
            "ChainedScheduler",
            "CosineAnnealingWarmRestarts",
            "CyclicLR",
            "MultiplicativeLR",
            "PolynomialLR",
            "SequentialLR",
        ),
        "write optim.lr_scheduler.LambdaLR(opt, factor) with a function of the step",
    ),
}

FUNC = {
    "functionalize": "results are new Tensors anyway",
    "grad_and_value": "write ag.func.value_and_grad",
    "jacfwd": "write ag.func.jacobian",
    "jacrev": "write ag.func.jacobian",
    "make_functional": "write ag.func.functional_call(module, state, args)",
    "stack_module_state": "write ag.stack over the values of state_dict()",
}

DATA = {
    "IterableDataset": "any object with __len__ and __getitem__ is a data set",
    "Subset": "index the arrays: ArrayDataset(x[rows], y[rows])",
    "TensorDataset": "write nn.data.ArrayDataset(x, y)",
    "random_split": "write nn.data.train_test_split(x, y)",
}

SPELLINGS = {
    "Module": MODULE,
    "Tensor": TENSOR,
    "autograd": AUTOGRAD,
    "autograd.func": FUNC,
    "nn": NN,
    "nn.data": DATA,
    "nn.functional": FUNCTIONAL,
    "optim": OPTIM,
    "optim.lr_scheduler": SCHEDULERS,
}
"""Hints by the module or class that was asked."""

KEYWORDS = {
    "chunks": "write indices_or_sections",
    "device": _CPU,
    "force": "write x.detach().numpy()",
    "foreach": "parameters are updated together where that is faster, so leave it out",
    "fused": "parameters are updated together where that is faster, so leave it out",
    "in_dims": "write in_axes",
    "layout": "leave it out",
    "memory_format": "arrays lie in memory as NumPy's do, so leave it out",
    "non_blocking": "leave it out",
    "num_workers": "batches are made in this process, so leave it out",
    "out_dims": "write out_axes",
    "pin_memory": "leave it out",
    "preserve_rng_state": "random numbers are the same when it computes again, so leave it out",
    "size_average": "write reduction='mean' or 'sum'",
    "use_reentrant": "it computes again in one way only, so leave it out",
    "unbiased": "write correction=1 for True, correction=0 for False",
}
"""Hints by keyword, whatever takes it."""
