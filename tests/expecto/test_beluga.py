"""The network against the layer-by-layer oracle, and checkpoints that must be refused."""

import pickle

import oracles
import pytest
import torch
from conftest import narrow_state
from numpy.testing import assert_allclose

from expecto import beluga


@pytest.fixture
def checkpoint(tmp_path):
    def write(state):
        torch.save(state, tmp_path / "weights.pth")
        return tmp_path / "weights.pth"

    return write


def test_block_widths_are_those_of_the_publication():
    assert beluga.block_widths() == (2000, 496, 120, 106)


def test_the_published_network_has_its_published_number_of_parameters():
    with torch.device("meta"):
        model = beluga.Beluga()
    assert sum(parameter.numel() for parameter in model.parameters()) == 149_536_251


def test_forward_agrees_with_the_oracle(narrow, checkpoint):
    state = narrow_state(7)
    model = beluga.load_beluga(checkpoint(state))
    bases = torch.randint(0, 4, (3, 2000), generator=torch.Generator().manual_seed(8))
    windows = torch.nn.functional.one_hot(bases, 4).float().permute(0, 2, 1)[:, :, None]
    predictions = model(windows)
    assert predictions.shape == (3, 2002)
    assert_allclose(predictions, oracles.beluga(state, windows), rtol=1e-5)
    assert predictions.std() > 0.01  # the weights spread the outputs, so agreement means something
    layers = model.layers()
    assert_allclose(layers(windows[:, :, 0]), predictions, rtol=1e-5)  # oneDNN takes other ways on other processors
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds.count("ReLU") == 7 and kinds[-1] == "Sigmoid" and len({id(layer) for layer in layers}) == len(kinds)


def test_a_checkpoint_of_another_network_is_refused(narrow, checkpoint):
    state = narrow_state()
    del state["model.0.6.bias"]
    state["head.weight"] = torch.zeros(1)
    with pytest.raises(
        ValueError, match=r"1 of its 16 tensors are missing and 1 are not its own.*model\.0\.6\.bias, head"
    ):
        beluga.load_beluga(checkpoint(state))


def test_sizes_are_read_off_the_checkpoint(checkpoint):
    assert beluga.load_beluga(checkpoint(narrow_state())).sizes == (16, 16, 16, 16)
    with torch.device("meta"):
        assert beluga.Beluga().sizes == (320, 480, 640, 2003)


SHAPES = {
    "model.0.0.weight": (16, 4, 1, 7),
    "model.0.6.weight": (17, 16, 1, 8),
    "model.0.12.bias": (17,),
    "model.1.2.1.weight": (16, 16 * 105),
    "model.1.4.1.bias": (2001,),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_checkpoint_of_shapes_that_do_not_fit_together_is_refused(checkpoint, name):
    state = narrow_state()
    state[name] = torch.zeros(SHAPES[name])
    with pytest.raises(ValueError, match=r"model\.\S+ has shape \(.*\), in a network of its other sizes it is \("):
        beluga.load_beluga(checkpoint(state))


@pytest.mark.parametrize("bias", [torch.zeros(0), torch.tensor(1.0), 3])
def test_a_bias_that_has_no_size_is_refused(checkpoint, bias):
    with pytest.raises(ValueError, match=r"model\.0\.\S+ (has shape|is a int)"):
        beluga.load_beluga(checkpoint({**narrow_state(), "model.0.0.bias": bias}))


def test_weights_that_are_not_finite_are_refused(narrow, checkpoint):
    state = narrow_state()
    state["model.0.8.weight"][3, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"model\.0\.8\.weight contains values that are not finite"):
        beluga.load_beluga(checkpoint(state))


OTHER_TENSORS = {
    "meta": (lambda weight: weight.to("meta"), r"a tensor of another kind \(meta\)"),
    "sparse": (lambda weight: weight.to_sparse(), r"a tensor of another kind \(torch.sparse_coo\)"),
    "nested": (lambda weight: torch.nested.nested_tensor([weight[0], weight[1]]), r"of another kind \(nested\)"),
    "float8": (lambda weight: weight.to(torch.float8_e4m3fn), r"contains torch.float8_e4m3fn, .* are torch.float32"),
    "complex": (lambda weight: weight.to(torch.complex64), "contains torch.complex64"),
    "whole numbers": (lambda weight: weight.to(torch.int64), "contains torch.int64"),
    "too large for float32": (lambda weight: weight.double() * 1e60, "contains values that are not finite"),
    "a list": (lambda weight: [1.0], "is a list"),
}


@pytest.mark.filterwarnings("ignore")  # PyTorch's, of kinds of tensors that it means to change
@pytest.mark.parametrize("kind", OTHER_TENSORS)
def test_weights_of_another_kind_are_refused(narrow, checkpoint, kind):
    change, message = OTHER_TENSORS[kind]
    state = narrow_state()
    state["model.0.8.weight"] = change(state["model.0.8.weight"])
    with pytest.raises(ValueError, match=rf"^\S+weights.pth: model\.0\.8\.weight .*{message}"):
        beluga.load_beluga(checkpoint(state))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_weights_of_another_precision_are_read(narrow, checkpoint, dtype):
    state = {name: weight.to(dtype) for name, weight in narrow_state().items()}
    weight = beluga.load_beluga(checkpoint(state)).get_parameter("convolutions.3.weight")
    assert weight.dtype == torch.float32 and torch.equal(weight, state["model.0.8.weight"].float())


def test_a_checkpoint_cut_short_is_refused(narrow, checkpoint):
    path = checkpoint(narrow_state())
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ValueError, match="not a whole PyTorch file"):
        beluga.load_beluga(path)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, 2))])
def test_a_malicious_pickle_does_nothing_but_give_an_error(tmp_path, save):
    save({"model.0.0.weight": Trap(tmp_path / "sprung")}, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="not a PyTorch file of weights alone; anything else in it is never loaded"):
        beluga.load_beluga(tmp_path / "weights.pth")
    assert not (tmp_path / "sprung").exists()
