"""Mistakes of users, which mypy and pyright must both find. Nothing here is ever run.

A line that ends in `# wrong: ...` must be reported, any other must not be.
"""

# ruff: noqa: B018

import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim

x = ag.tensor([[1.0, 2.0]], requires_grad=True)
labels = np.array([1])
layer = nn.Linear(2, 2)
net = nn.Sequential(layer, nn.ReLU())
loss_of = nn.CrossEntropyLoss()
opt = optim.SGD(net.parameters(), lr=0.1)
loss = F.cross_entropy(net(x), labels)

# -- names that there are not ------------------------------------------------------------------

ag.no_such_function(x)  # wrong: unknown function
ag.cat([x, x])  # wrong: another library's name for concatenate
ag.conv2d_weight_grad  # wrong: an op that only a gradient calls
nn.Linaer(2, 2)  # wrong: misspelt layer
F.crossentropy(x, labels)  # wrong: misspelt function
optim.Adma(net.parameters())  # wrong: misspelt optimiser
optim.lr_scheduler.StepLr(opt, 10)  # wrong: misspelt schedule
nn.init.xavier(layer.weight)  # wrong: no such initialisation
nn.data.Dataloader(x.data)  # wrong: misspelt class
ag.func.hesian(ag.sum)  # wrong: misspelt transform
x.cpu()  # wrong: a Tensor has no such method
x.smu()  # wrong: misspelt method
layer.wieght  # wrong: misspelt attribute
loss.backwards()  # wrong: misspelt method
opt.zero_gard()  # wrong: misspelt method

# -- arguments that are missing, unknown, or too many ------------------------------------------

nn.Linear(2)  # wrong: how many columns come out is missing
nn.Linear(2, 2, bais=False)  # wrong: misspelt keyword
nn.Conv2d(1, 8)  # wrong: the size of the kernel is missing
nn.Dropout(prob=0.5)  # wrong: it is called p
layer()  # wrong: the input is missing
layer(x, x)  # wrong: one input too many
layer(input=x)  # wrong: the parameter of `forward` is called x
loss_of(x)  # wrong: the target is missing
ag.conv2d(x, x, strde=2)  # wrong: misspelt keyword
ag.sum(x, axis=0, bogus=3)  # wrong: unknown keyword
ag.softmax(x, dimension=1)  # wrong: it is axis, or dim
ag.matmul(x)  # wrong: the other factor is missing
ag.zeros(2, dtpye=float)  # wrong: misspelt keyword
x.sum(aixs=1)  # wrong: misspelt keyword
x.max(dim=1)  # wrong: no pair of values and indices comes here
x.reshape(2, ordre="F")  # wrong: misspelt keyword
loss.backward(retian_graph=True)  # wrong: misspelt keyword
F.dropout(x, pp=0.1)  # wrong: it is called p
F.cross_entropy(x)  # wrong: the target is missing
optim.SGD(net.parameters(), momentun=0.9)  # wrong: misspelt keyword
optim.Adam(net.parameters(), lr=0.1, fused=True)  # wrong: unknown keyword
optim.lr_scheduler.StepLR(opt)  # wrong: the size of a step is missing
opt.step(lambda: loss, 3)  # wrong: it takes one closure
nn.data.DataLoader(x.data, batchsize=2)  # wrong: it is batch_size
ag.check_grads(ag.exp, x, ordr=2)  # wrong: misspelt keyword

# -- values of another type --------------------------------------------------------------------

layer("text")  # wrong: a text is no input
net(None)  # wrong: nothing is no input
ag.exp("1.0")  # wrong: a text is no number
ag.exp(None)  # wrong: nothing is no number
ag.sum(x, axis="rows")  # wrong: an axis is a number
ag.stack(x, "rows")  # wrong: an axis is a number
x + "1"  # wrong: a text is no operand
x @ None  # wrong: nothing is no operand
x + net  # wrong: a module is no operand
x.grad + 1  # wrong: there may be no gradient
x.grad.data  # wrong: there may be no gradient
layer.bias.shap  # wrong: misspelt attribute
nn.Linear("2", 2)  # wrong: a size is a number
nn.Sequential(F.relu)  # wrong: a function is no module
nn.Sequential([nn.ReLU()])  # wrong: modules come one by one
nn.MSELoss(reduction="average")  # wrong: it is mean, sum or none
F.mse_loss(x, x, reduction="avg")  # wrong: it is mean, sum or none
nn.GELU(approximate="erf")  # wrong: it is none, tanh or sigmoid
optim.SGD(net, lr=0.1)  # wrong: a module is no list of parameters
optim.SGD(net.parameters(), lr="0.1")  # wrong: a rate is a number
optim.lr_scheduler.StepLR(net, 10)  # wrong: a module is no optimiser
optim.clip_grad_norm_(net, 1.0)  # wrong: a module is no list of parameters
ag.tensor([1.0], dtype="float", requires_grad="yes")  # wrong: a switch is true or false
loss.backward(retain_graph="yes")  # wrong: a switch is true or false
ag.grad(loss, "x")  # wrong: a text is no Tensor
net.load_state_dict(net)  # wrong: a module is no dict of its state
nn.data.DataLoader(x.data, shuffle="yes")  # wrong: a switch is true or false
ag.draw(loss, color=3)  # wrong: what is coloured is a word

# -- results taken for something else ----------------------------------------------------------

number: float = ag.exp(x)  # wrong: a Tensor is no float
shape: list[int] = x.shape  # wrong: a shape is a tuple
array: np.ndarray = x + 1  # wrong: a Tensor is no array
rows: int = net(x)  # wrong: a layer returns a Tensor
text: str = ag.zeros(2)  # wrong: a Tensor is no text
loss.backward().data  # wrong: backward returns nothing
opt.step().item()  # wrong: without a closure it returns nothing
opt.zero_grad().step()  # wrong: it returns nothing
(x > 0).backward()  # wrong: a comparison is an array, without a graph
x.argmax(1).backward()  # wrong: places are an array, without a graph
loss_of(x, labels).backwrad()  # wrong: misspelt method
(2 * x - 1).smu()  # wrong: misspelt method
x[0].men()  # wrong: misspelt method
x.mean().sqare()  # wrong: misspelt method
ag.grad(loss, [x]).sum()  # wrong: the gradients are a tuple
ag.max_pool2d(x, 2, return_indices=True).sum()  # wrong: the maxima come with their places
nn.Linear(2, 2).train().forwad(x)  # wrong: misspelt method
F.relu(layer(x)).foo  # wrong: a Tensor has no such attribute


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: ag.Tensor, scale: float = 1.0) -> ag.Tensor:
        return self.fc(x) * scale


mine = Net()
mine(x, scael=2.0)  # wrong: misspelt keyword of its own `forward`
mine(x, "2")  # wrong: a scale is a number
mine(x).smu()  # wrong: misspelt method
mine.fc(x, 2)  # wrong: one input too many
Net(3)  # wrong: it takes nothing
