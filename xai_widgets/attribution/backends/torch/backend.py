"""PyTorch, and Keras models whose backend is torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import STRIP, Inputs, ScoreRule, two_classes
from xai_widgets.attribution.backends.checks import check_real, unexplained
from xai_widgets.attribution.backends.layer_choice import Seen, View, choose, follows, grids
from xai_widgets.attribution.backends.main_output import Place, listed, main_output
from xai_widgets.attribution.backends.memory import keep_freed_memory
from xai_widgets.attribution.backends.ops.base import Tensor
from xai_widgets.attribution.backends.ops.torch_ops import TorchOps
from xai_widgets.attribution.backends.torch.copies import mirrored, plain_module
from xai_widgets.attribution.backends.torch.own_stream import own_stream
from xai_widgets.attribution.inputs.along import NOTHING, Along

# what brings an output into another shape, and leaves its numbers alone
_RESHAPES = ("View", "UnsafeView", "Reshape", "Squeeze", "Unsqueeze", "Select", "Slice", "Clone", "ToCopy")


def _apart(points: Tensor, shapes: Sequence[tuple[int, ...]]) -> Sequence[Tensor]:
    """Return the parts of vectors that are of each input."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    return points.split(sizes, 1) if len(sizes) > 1 else (points,)


def _share(one: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors are in the same memory."""
    if one.is_meta:
        return False
    return bool(one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr())


class TorchBackend:
    """Evaluates a torch.nn.Module without touching it.

    The passes run on a mirror (see `copies`): modules of their own in evaluation mode, over aliases of the parameters that ask
    for no gradient, with buffers of their own. What a model draws in evaluation mode comes from a stream of its own.
    """

    channels_first = True

    def __init__(self, model: Any, device: Any = None, place: Place | None = None) -> None:
        import torch

        keep_freed_memory()
        self.torch = torch
        self.model = plain_module(model)
        self.place, self.returned = place, ""
        self.is_keras = type(model).__module__.split(".")[0] == "keras" or hasattr(model, "stateless_call")
        if self.is_keras:
            import keras

            self.channels_first = keras.config.image_data_format() == "channels_first"
        self._given_device = device
        self._net: Any = None
        self.ops: Any = None
        self._look()
        self._channels_last = (
            not self.is_keras
            and self.device.type == "cpu"
            and any(isinstance(module, torch.nn.Conv2d) for module in self.model.modules())
        )
        self._in_place: bool | None = (
            None  # whether the model changes what it is given; None before the first pass
        )
        self._looked = False  # whether secants are known to hold
        self._stream: Any = None

    def _look(self) -> None:
        """Find out where the weights are, and of which kind."""
        torch, device = self.torch, self._given_device
        self.float = torch.float32
        for tensor in chain(self.model.parameters(), self.model.buffers()):
            device = tensor.device if device is None else device
            if tensor.is_floating_point():
                self.float = tensor.dtype
                break
        self.device = torch.device("cpu" if device is None else device)
        self.dtype = np.dtype(np.float64 if self.float == torch.float64 else np.float32)
        if self.ops is None or (self.ops.device, self.ops.dtype) != (self.device, self.dtype):
            self.ops = TorchOps(self.device, self.dtype)

    def renew(self) -> None:
        """See `Backend`."""
        self._look()
        self._stream = own_stream()
        self._net = None if self.is_keras else self._mirror()

    @property
    def net(self) -> Any:
        """What the passes run on."""
        if self.is_keras:
            return self.model
        if self._net is None:
            self.renew()
        return self._net

    def _mirror(self) -> Any:
        made = mirrored(self.model)
        if self.device.type == "cuda":
            # cuDNN's recurrent layers give gradients in training mode only, which is evaluation mode but for their dropout
            for module in made.modules():
                if isinstance(module, self.torch.nn.RNNBase):
                    module.training, module.dropout = True, 0.0
        return made

    def as_inputs(self, x: Any) -> Inputs:
        """See `Backend`."""
        many = (
            tuple(x)
            if isinstance(x, (tuple, list)) and not np.isscalar(x[0]) and hasattr(x[0], "shape")
            else (x,)
        )
        arrays = []
        for one in many:
            if isinstance(one, self.torch.Tensor):
                one = one.detach().to("cpu")
                one = (
                    one.float().numpy()
                    if one.dtype in (self.torch.bfloat16, self.torch.float16)
                    else one.numpy()
                )
            # models may take views, which need the memory in order
            arrays.append(np.ascontiguousarray(check_real(np.asarray(one)), self.dtype))
        return tuple(arrays)

    def outputs(
        self, points: Tensor, shapes: Sequence[tuple[int, ...]], along: Along = NOTHING
    ) -> NDArray[Any] | None:
        """See `Backend`."""
        torch = self.torch
        with self.calm():
            output = main_output(self._arranged(self._inputs(points, shapes), along, copied=True), self.place)
        if not isinstance(output, torch.Tensor):
            self.returned = listed(output)
            return None
        return np.asarray(output.detach().to("cpu", torch.float64).numpy())

    def scores(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        along: Along = NOTHING,
    ) -> NDArray[Any]:
        """See `Backend`."""
        with self.calm():
            output = self._arranged(self._inputs(points, shapes), along, copied=True)
            return self._numpy(self._score(output, positions, score, int(points.shape[0])))

    def _inputs(self, points: Tensor, shapes: Sequence[tuple[int, ...]]) -> tuple[Tensor, ...]:
        """Return the rows in the inputs' shapes."""
        rows = int(points.shape[0])
        parts = zip(_apart(points, shapes), shapes, strict=True)
        return tuple(one.to(self.float).reshape(rows, *shape) for one, shape in parts)

    def gradients(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        strip: int = 0,
        along: Along = NOTHING,
    ) -> Tensor:
        """See `Backend`."""
        torch, rows = self.torch, int(points.shape[0])
        with self.calm(), torch.enable_grad(), self._secants(strip, rows, score):
            leaves = tuple(one.detach().requires_grad_() for one in self._inputs(points, shapes))
            output = self._arranged(leaves, along)
            scores = self._score(output, positions, score, rows)
            if not scores.requires_grad:
                raise unexplained()
            if strip and not self._looked:
                self._kinks_only(scores)  # or anything else that it would refuse
                self._looked = True
            found = torch.autograd.grad(scores.sum(), leaves, allow_unused=True)
        if all(one is None for one in found):
            raise unexplained()
        grads = [
            torch.zeros_like(leaf, memory_format=torch.contiguous_format) if one is None else one
            for one, leaf in zip(found, leaves, strict=True)
        ]
        # a framework may give them in another order in memory, or one number for all
        flat = [one.reshape(rows, -1).to(self.ops.float).contiguous() for one in grads]
        if any(_share(one, points) for one in flat):  # f(x) = x**2 / 2 may give its input
            flat = [one.clone() for one in flat]
        return flat[0] if len(flat) == 1 else torch.cat(flat, 1)

    def only_kinks(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, along: Along = NOTHING
    ) -> bool:
        """See `Backend`; a forward pass over three rows."""
        torch = self.torch
        three = tuple(np.repeat(one[:1], 3, axis=0) for one in inputs)
        try:
            with self.calm(), torch.enable_grad(), self._secants(3, 3, score):
                output = self._arranged(
                    tuple(self._tensor(x).requires_grad_() for x in three), along.rows([0, 0, 0])
                )
                scores = self._score(output, np.repeat(positions[:1], 3, axis=0), score, 3)
            return bool(scores.requires_grad and self._kinks_only(scores))
        except ValueError:  # secants do not hold
            return False

    def ends_in_sigmoid(self, inputs: Inputs, along: Along = NOTHING) -> bool:
        """See `Backend`."""
        with self.calm(), self.torch.enable_grad():
            leaves = tuple(self._tensor(x[:1]).requires_grad_() for x in inputs)
            output = main_output(self._forward(leaves, along.rows([0])), self.place)
        step = getattr(output, "grad_fn", None)
        while step is not None and type(step).__name__.startswith(_RESHAPES):
            step = step.next_functions[0][0]
        return step is not None and type(step).__name__.startswith("Sigmoid")

    def activations(
        self,
        inputs: Inputs,
        positions: NDArray[np.int64],
        score: ScoreRule,
        layer: Any,
        view: View,
        along: Along = NOTHING,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Backend`."""
        for chosen, grid in choose(self._seen(inputs, view, along), self._mine(layer)):
            acts, grads = self._activations(inputs, positions, score, chosen, along)
            acts, grads = grid.arranged(acts), None if grads is None else grid.arranged(grads)
            if grads is not None and np.any(grads):
                return acts, grads
        raise unexplained()

    def _activations(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, chosen: Any, along: Along
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        torch = self.torch
        found: list[Any] = []

        def keep(module: Any, given: Any, output: Any) -> Any:
            found.append(output)
            return output.clone()  # what comes next may work in place

        handle = chosen.register_forward_hook(keep)
        try:
            with self.calm(), torch.enable_grad():
                leaves = tuple(self._tensor(x).requires_grad_() for x in inputs)
                output = self._forward(tuple(leaf.clone() for leaf in leaves), along)
                scores = self._score(output, positions, score, len(inputs[0]))
                if not scores.requires_grad:
                    raise unexplained()
                (grads,) = torch.autograd.grad(scores.sum(), found[-1:], allow_unused=True)
        finally:
            handle.remove()
        return self._numpy(found[-1]), None if grads is None else self._numpy(grads)

    def _mine(self, layer: Any) -> Any:
        """Return the name of a layer of the original, by which the mirror's is found."""
        return next((name for name, one in self.model.named_modules() if one is layer), layer)

    def _seen(self, inputs: Inputs, view: View, along: Along) -> list[Seen]:
        torch = self.torch
        seen: list[Seen] = []
        probes = view.probes(inputs)

        def note(name: str) -> Any:
            def hook(module: Any, given: Any, output: Any) -> None:
                if isinstance(output, torch.Tensor):
                    shape = tuple(output.shape)
                    able = list(grids(shape, view.size, view.grid)) if shape[:1] == (len(probes[0]),) else []
                    moved = self._numpy((output[1:] - output[:1]).abs()) if able else None
                    seen.append(
                        Seen(
                            name,
                            module,
                            shape,
                            {one: follows(one.arranged(moved).sum(axis=1)) for one in able},
                        )
                    )

            return hook

        handles = []
        try:
            for name, module in self.net.named_modules():
                if name:
                    handles.append(module.register_forward_hook(note(name)))
            with self.calm():
                self._forward(tuple(self._tensor(x) for x in probes), along.rows([0] * len(probes[0])))
        finally:
            for handle in handles:
                handle.remove()
        return seen

    def fingerprint(self) -> int:
        """See `Backend`."""
        torch = self.torch
        sums: list[Any] = []
        with torch.no_grad():
            for tensor in [*self.model.parameters(), *self.model.buffers()]:
                if tensor.is_meta or tensor.is_sparse:
                    continue
                sums.extend(self._sums(tensor.detach()))
            # brought over together: every number read from a GPU by itself would wait for it
            numbers = torch.stack([one.to(self.device) for one in sums]).tolist() if sums else []
        total = 0
        for place, number in enumerate(numbers):
            total = (total * 1000003 + number + place) & 0xFFFFFFFFFFFFFFFF
        return total

    def _sums(self, tensor: Any) -> list[Any]:
        """Add up a tensor's bits: eight bytes at once, which takes a twentieth of the time of four, then those that are left."""
        torch, size = self.torch, tensor.element_size()
        flat = tensor.resolve_conj().contiguous().view(-1)
        if not size * len(flat) % 8 and not size * flat.storage_offset() % 8:
            return [flat.view(torch.int64).sum()]
        bits = flat.view(torch.uint8)
        if bits.storage_offset() % 8:
            bits = bits.clone()
        most = len(bits) // 8 * 8
        whole = [bits[:most].view(torch.int64).sum()]
        return whole if most == len(bits) else [*whole, bits[most:].sum(dtype=torch.int64)]

    def good_chunk(self, size: int) -> int:
        """See `Backend`; a processor is fastest while the activations stay in its caches, a GPU when it is full.

        A strip of secants is not torn apart for it.
        """
        on_processor = self.device.type == "cpu"
        numbers, least, most = (1 << 18, STRIP, 256) if on_processor else (1 << 23, 32, 512)
        return int(np.clip(2 ** np.floor(np.log2(numbers / size)), least, most))

    def is_out_of_memory(self, error: BaseException) -> bool:
        """See `Backend`."""
        if isinstance(error, (MemoryError, self.torch.OutOfMemoryError)):
            self.torch.cuda.empty_cache() if self.torch.cuda.is_available() else None
            return True
        text = str(error)
        return isinstance(error, RuntimeError) and (
            "out of memory" in text or "can't allocate memory" in text or "CUBLAS_STATUS_ALLOC_FAILED" in text
        )

    # -- one pass ---------------------------------------------------------------------------------------------------

    def _secants(self, strip: int, rows: int, score: ScoreRule) -> contextlib.AbstractContextManager[Any]:
        if not strip:
            return contextlib.nullcontext()
        from xai_widgets.attribution.estimators.secant.checks import check_score
        from xai_widgets.attribution.estimators.secant.torch_pass import secants

        check_score(score)
        context: contextlib.AbstractContextManager[Any] = secants(strip, rows)
        return context

    def _kinks_only(self, scores: Any) -> bool:
        from xai_widgets.attribution.estimators.secant.torch_check import only_kinks

        return only_kinks(scores)

    def _tensor(self, x: NDArray[Any]) -> Any:
        return self.torch.tensor(x, dtype=self.float, device=self.device)

    def _numpy(self, tensor: Any) -> NDArray[Any]:
        kind = self.torch.float64 if self.dtype == np.float64 else self.torch.float32
        return np.asarray(tensor.detach().to("cpu", kind).numpy())

    def _forward(self, tensors: tuple[Any, ...], along: Along) -> Any:
        net = self.net
        inputs, named = along.call(tensors, [self._passed(one) for one in along.arrays])
        with self._stream or contextlib.nullcontext():
            if self.is_keras:
                output = self.model(inputs[0] if len(inputs) == 1 else inputs, training=False, **named)
            else:
                output = net(*inputs, **named)
        if self._stream is not None and not self._stream.drew:
            self._stream = None  # which would only cost time
        return output

    def _passed(self, x: NDArray[Any]) -> Any:
        """Bring what is passed along to the device, floating numbers in the weights' kind."""
        return self._tensor(x) if x.dtype.kind == "f" else self.torch.tensor(x, device=self.device)

    def _arranged(self, leaves: tuple[Any, ...], along: Along, copied: bool = False) -> Any:
        """Pass forward with channels last where that is faster: convolutions on a processor take up to a third less time.

        A model that works in place on its input gets a copy, as a leaf does not allow it, and so do rows that are needed again
        (``copied``); the first pass tells which model does.
        """
        kept, last = self.torch.preserve_format, self.torch.channels_last
        if self._channels_last:
            try:
                return self._forward(
                    tuple(one.clone(memory_format=last if one.dim() == 4 else kept) for one in leaves), along
                )
            except RuntimeError as error:
                if "Use .reshape" not in str(error):
                    raise
                self._channels_last = False  # the model takes views, which need the memory in its usual order
        if self._in_place is False and not copied:
            try:
                return self._forward(tuple(one.view(one.shape) for one in leaves), along)
            except RuntimeError as error:
                if "in-place operation" not in str(error):
                    raise
                self._in_place = True  # on a way that the first pass did not take
        copies = tuple(one.clone() for one in leaves)
        output = self._forward(copies, along)
        if self._in_place is None:
            self._in_place = any(one._version for one in copies)
        return output

    def _score(self, output: Any, positions: NDArray[np.int64], score: ScoreRule, rows: int) -> Any:
        torch = self.torch
        if score.function is not None:
            value = score.function(output)
            if not isinstance(value, torch.Tensor) or value.shape not in ((rows,), (rows, 1)):
                shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
                raise ValueError(
                    f"a target function should give one number per row, a tensor of shape ({rows},); it gave {shape}"
                )
            return value.reshape(rows)
        flat = main_output(output, self.place).reshape(rows, -1)
        if score.one_logit:
            flat = two_classes(lambda one, other: torch.cat([one, other], 1), flat, score)
        if score.kind != "output":
            flat = self._rescaled(flat, score)
        return flat.gather(1, torch.as_tensor(positions, device=flat.device)[:, None])[:, 0]

    def _rescaled(self, flat: Any, score: ScoreRule) -> Any:
        if score.kind == "probability":
            return flat if score.probabilities else flat.softmax(1)
        if not score.probabilities:
            return flat if score.kind == "logit" else flat.log_softmax(1)
        logs = flat.clamp_min(self.torch.finfo(flat.dtype).tiny).log()
        return logs if score.kind == "log_probability" else logs - logs.mean(1, keepdim=True)

    @contextlib.contextmanager
    def calm(self) -> Iterator[None]:
        """See `Backend`: neither inference mode nor autocast, and no gradients but where they are asked for."""
        torch, kind = self.torch, self.device.type
        kind = kind if torch.amp.is_autocast_available(kind) else "cpu"
        with torch.inference_mode(False), torch.no_grad(), torch.autocast(kind, enabled=False):
            yield
