"""exp, expm1, log1p, erf and their relatives as straight-line code that LLVM vectorises.

A call of libm's `exp` in a loop keeps the loop scalar. These functions have no branch and no call:
a range reduction, a polynomial, a choice between two results. The loop around them becomes vector
code of whatever width the machine has. Written once, for float32 and float64: `number(x, c)` is
the constant c in x's type, `constant(x, name)` and `polynomial(x, name)` look up a table by it.

Largest error measured over the range of the function (800,000 points, against 80-bit arithmetic;
erf and Φ against float64 references), in units in the last place. tests/test_kernels_pointwise.py
measures again and sets bounds just above:

                exp    expm1  sigmoid  tanh   softplus  erf    x Φ(x)
    float32     0.9    1.0    2.6      2.5    2.6       2.4    5.0
    float64     0.9    1.2    2.5      2.6    2.6       2.0    10

The polynomials interpolate the function at Chebyshev nodes of the interval, computed with 60
digits; their own error is below a tenth of a unit in the last place.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

# name -> (float32, float64)
_CONSTANTS: dict[str, tuple[float, float]] = {
    # adding it to |x| < 2²² (2⁵¹) rounds x to an integer and leaves that in the low bits
    "round": (1.5 * 2**23, 1.5 * 2**52),
    # log(2) in two parts, the first short enough that n * high is exact
    "log2 high": (0.693359375, 6.93147180369123816490e-01),
    "log2 low": (-2.12194440e-4, 1.90821492927058770002e-10),
    # at or below, 2ⁿ has left the normal numbers: exp is 0
    "exp low": (-88.0, -709.0),
    # below, expm1 is -1
    "expm1 low": (-18.0, -40.0),
    # beyond, exp(-x²/2) is 0
    "gauss end": (14.0, 39.0),
}

# name -> coefficients, highest power first
_POLYNOMIALS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # (exp(r) - 1 - r) / r² for |r| <= log(2)/2
    "exp": (
        (0.0013926184037700295, 0.008363178931176662, 0.041666556149721146, 0.16666576266288757,
         0.5),
        (2.510038549551032e-08, 2.7620088445409746e-07, 2.7557268459997064e-06,
         2.4801521295954376e-05, 0.00019841269863053618, 0.0013888888917213717,
         0.008333333333330062, 0.04166666666662413, 0.16666666666666669, 0.5000000000000001),
    ),
    # (2 atanh(s) / s - 2) / s² as a function of s², s <= 1/3
    "log1p": (
        (0.2685149908065796, 0.28236618638038635, 0.40007561445236206, 0.6666663885116577),
        (0.1616404561194353, 0.08800738486144674, 0.12001072809590713, 0.13314144209654935,
         0.15385570064958623, 0.18181789436132859, 0.22222222717427864, 0.2857142856710876,
         0.40000000000014585, 0.6666666666666666),
    ),
    # Φ(-y) exp(y²/2) for 0 <= y <= "gauss end" is the ratio of these two
    "mills p": (
        (0.0035732023002929274, 0.037005052777494024, 0.17253022563475023, 0.4239491583362277,
         0.5000000002347567),
        (1.8131296222249144e-08, 7.085298903815552e-07, 1.3423474218239004e-05,
         0.00016175957132913708, 0.0013723030630947311, 0.008587169855347155,
         0.040416805202142504, 0.14322085825786993, 0.37557575495897744, 0.6981881966726864,
         0.8367895953009239, 0.5),
    ),
    "mills q": (
        (0.00895646755034965, 0.09276872855060911, 0.44119881583083115, 1.1582043755585871,
         1.645782929602761, 1.0),
        (4.5448419766437884e-08, 1.7760210566435989e-06, 3.369310843975663e-05,
         0.00040724713619701754, 0.0034734104243406712, 0.021926761776150824,
         0.10468292080049871, 0.3797330896617087, 1.0361924827378286, 2.0699687302356464,
         2.868319163175124, 2.471463751404713, 1.0),
    ),
    # erf(x) / x as a function of x², |x| <= 1
    "erf": (
        (7.875874871388078e-05, -0.000801686430349946, 0.005189087241888046, -0.02685421146452427,
         0.11283594369888306, -0.3761262595653534, 1.1283791065216064),
        (-4.230945824295338e-12, 8.709045129053106e-11, -1.216456005728345e-09,
         1.4792401209404813e-08, -1.6364642158167616e-07, 1.6462045441468418e-06,
         -1.4925647567519332e-05, 0.00012055332902888736, -0.000854832702193483,
         0.0052239776254232985, -0.02686617064512984, 0.1128379167095512, -0.37612638903183754,
         1.1283791670955126),
    ),
}  # fmt: skip

_FUSE = ("contract",)  # a multiply-add may be one instruction, where there is one


# Without it LLVM leaves the longer functions as calls, and the loop around a call stays scalar.
inlined = register_jitable(forceinline=True, fastmath={"contract"})


def _pick(pair: tuple[Any, Any], numba_type: Any) -> Any:
    return pair[0] if numba_type is types.float32 else pair[1]


@intrinsic
def number(typingctx, like, value):  # type: ignore[no-untyped-def]
    """value, a Python number, in the type of `like`."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return context.cast(builder, args[1], signature.args[1], signature.return_type)

    return like(like, value), codegen


@intrinsic(prefer_literal=True)
def constant(typingctx, like, name):  # type: ignore[no-untyped-def]
    """The named constant in the type of `like`."""
    value = _pick(_CONSTANTS[name.literal_value], like)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return ir.Constant(args[0].type, value)

    return like(like, name), codegen


@intrinsic(prefer_literal=True)
def polynomial(typingctx, x, name):  # type: ignore[no-untyped-def]
    """The named polynomial at x, by Horner's rule."""
    coefficients = _pick(_POLYNOMIALS[name.literal_value], x)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        value = ir.Constant(args[0].type, coefficients[0])
        for c in coefficients[1:]:
            product = builder.fmul(value, args[0], flags=_FUSE)
            value = builder.fadd(product, ir.Constant(args[0].type, c), flags=_FUSE)
        return value

    return x(x, name), codegen


@intrinsic
def power_of_two(typingctx, rounded):  # type: ignore[no-untyped-def]
    """2ⁿ, where `rounded` is n plus the constant "round"; 0 for the n just below normal numbers.

    n sits in the low bits of `rounded`: shifted into place and biased, they are the exponent.
    """

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        float_type = args[0].type
        single = isinstance(float_type, ir.FloatType)
        integer = ir.IntType(32 if single else 64)
        mantissa, one = (23, 127 << 23) if single else (52, 1023 << 52)
        bits = builder.shl(builder.bitcast(args[0], integer), ir.Constant(integer, mantissa))
        return builder.bitcast(builder.add(bits, ir.Constant(integer, one)), float_type)

    return rounded(rounded), codegen


@intrinsic
def square_error(typingctx, x, square):  # type: ignore[no-untyped-def]
    """x² - square, exactly, for square = x² rounded."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.fma(args[0], args[0], builder.fneg(args[1]))

    return x(x, square), codegen


@intrinsic
def copysign(typingctx, magnitude, sign):  # type: ignore[no-untyped-def]
    """|magnitude| with the sign of `sign`, that of zeros too."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = args[0].type
        called = ir.FunctionType(kind, [kind, kind])
        function = builder.module.declare_intrinsic("llvm.copysign", [kind], called)
        return builder.call(function, args)

    return magnitude(magnitude, sign), codegen


@intrinsic
def select(typingctx, condition, yes, no):  # type: ignore[no-untyped-def]
    """`yes if condition else no`, but both are computed: no branch, so the loop stays vector code.

    Written as a Python conditional, LLVM moves a costly side into a branch of its own.
    """

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.select(args[0], args[1], args[2])

    return yes(types.boolean, yes, yes), codegen


# Unchecked access to contiguous 1-D arrays, for loops whose index is shifted or strided: Numba's
# test for negative indices keeps such loops scalar. The names promise LLVM what may overlap, so
# that short loops need no test for it: what `peek` reads is never written while the kernel runs,
# and a float output and an integer output are different memory.


def _scopes(builder: Any, *names: str) -> Any:
    module = builder.module
    domain = module.add_metadata(["autograd kernels"])
    return module.add_metadata([module.add_metadata([name, domain]) for name in names])


def _element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index], inbounds=True)


def _mark(builder: Any, access: Any, scope: str) -> Any:
    others = [name for name in ("input", "float output", "integer output") if name != scope]
    access.set_metadata("alias.scope", _scopes(builder, scope))
    access.set_metadata("noalias", _scopes(builder, *others))
    return access


def _output_scope(array_type: Any) -> str:
    return "float output" if isinstance(array_type.dtype, types.Float) else "integer output"


@intrinsic
def peek(typingctx, array, index):  # type: ignore[no-untyped-def]
    """array[index], of an input."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        value = builder.load(_element(context, builder, signature.args[0], *args))
        return _mark(builder, value, "input")

    return array.dtype(array, types.int64), codegen


@intrinsic
def reread(typingctx, array, index):  # type: ignore[no-untyped-def]
    """array[index], of an output."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        value = builder.load(_element(context, builder, signature.args[0], *args))
        return _mark(builder, value, _output_scope(signature.args[0]))

    return array.dtype(array, types.int64), codegen


@intrinsic
def poke(typingctx, array, index, value):  # type: ignore[no-untyped-def]
    """array[index] = value, of an output."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        array_type = signature.args[0]
        value = context.cast(builder, args[2], signature.args[2], array_type.dtype)
        place = _element(context, builder, array_type, *args[:2])
        _mark(builder, builder.store(value, place), _output_scope(array_type))
        return context.get_dummy_value()

    return types.void(array, types.int64, value), codegen


@inlined
def reduce_exp(x):  # type: ignore[no-untyped-def]
    """(r, 2ⁿ) with x = r + n log 2 and |r| <= log(2) / 2."""
    rounded = x * number(x, 1 / math.log(2)) + constant(x, "round")
    n = rounded - constant(x, "round")
    r = x - n * constant(x, "log2 high") - n * constant(x, "log2 low")
    return r, power_of_two(rounded)


@inlined
def exp_negative(x, small):  # type: ignore[no-untyped-def]
    """exp(x + small) for x <= 0 and |small| well below 1, the rounding error of x.

    Results that would be subnormal are 0. No kernel needs exp of a positive number.
    """
    low = constant(x, "exp low")
    r, power = reduce_exp(select(x < low, low, x))
    r += small
    tail = polynomial(r, "exp")
    one = number(x, 1.0)
    return ((tail * r + one) * r + one) * power


@inlined
def exp(x):  # type: ignore[no-untyped-def]
    """e^x for x <= 0."""
    return exp_negative(x, number(x, 0.0))


@inlined
def expm1(x):  # type: ignore[no-untyped-def]
    """e^x - 1 for x <= 0, accurate near 0."""
    low = constant(x, "expm1 low")
    r, power = reduce_exp(select(x < low, low, x))
    return (power - number(x, 1.0)) + power * (r + r * r * polynomial(r, "exp"))


@inlined
def log1p_unit(e):  # type: ignore[no-untyped-def]
    """log(1 + e) for 0 <= e <= 1, as 2 atanh(e / (2 + e))."""
    s = e / (number(e, 2.0) + e)
    square = s * s
    return s * number(e, 2.0) + s * square * polynomial(square, "log1p")


@inlined
def sigmoid_pair(x):  # type: ignore[no-untyped-def]
    """(σ(x), σ(-x)), both without cancellation."""
    e = exp(-abs(x))
    large = number(x, 1.0) / (number(x, 1.0) + e)
    small = e * large
    positive = x >= number(x, 0.0)
    return select(positive, large, small), select(positive, small, large)


@inlined
def tanh(x):  # type: ignore[no-untyped-def]
    """-t / (2 + t) with t = expm1(-2|x|), and the sign of x."""
    t = expm1(-(abs(x) + abs(x)))
    return copysign(t / (number(x, 2.0) + t), x)


@inlined
def normal_tail(y):  # type: ignore[no-untyped-def]
    """(Φ(-y), exp(-y²/2)) for y >= 0."""
    end = constant(y, "gauss end")
    y = select(y > end, end, y)
    square = y * y
    half = number(y, -0.5)
    gauss = exp_negative(square * half, square_error(y, square) * half)
    return gauss * polynomial(y, "mills p") / polynomial(y, "mills q"), gauss


@inlined
def normal(x):  # type: ignore[no-untyped-def]
    """(Φ(x), exp(-x²/2))."""
    tail, gauss = normal_tail(abs(x))
    return select(x < number(x, 0.0), tail, number(x, 1.0) - tail), gauss


@inlined
def erf(x):  # type: ignore[no-untyped-def]
    """A polynomial up to |x| = 1, 1 - 2 Φ(-√2 |x|) beyond."""
    z = abs(x)
    near = x * polynomial(x * x, "erf")
    far = number(x, 1.0) - number(x, 2.0) * normal_tail(z * number(x, math.sqrt(2.0)))[0]
    return select(z < number(x, 1.0), near, select(x < number(x, 0.0), -far, far))
