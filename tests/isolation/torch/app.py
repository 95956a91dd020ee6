"""Both torches multiply matrices, run autograd and a linear layer, alternating, from threads.

The argument says which of the two is imported first: `root` or `pin`.
"""

import sys
import threading

if sys.argv[1] == "pin":
    import other
    import torch
else:
    import torch
    import other
import numpy


def works(torch, seed):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(64, 64, generator=generator, requires_grad=True)
    b = torch.randn(64, 64, generator=generator)
    layer = torch.nn.Linear(64, 8)
    layer(a @ b).pow(2).sum().backward()
    product = torch.from_numpy(a.detach().numpy() @ b.numpy())
    with torch.no_grad():
        weight = 2 * (layer(a @ b)).T @ (a @ b)
        return (
            torch.allclose(a @ b, product, atol=1e-3)
            and torch.allclose(layer.weight.grad, weight, rtol=1e-3, atol=1e-1)
            and tuple(a.grad.shape) == (64, 64)
        )


failed = []


def alternate(number):
    for step in range(20):
        for one in (torch, other.torch):
            try:
                assert works(one, 100 * number + step)
            except Exception as error:
                failed.append(f"torch {one.__version__}, thread {number}, step {step}: {error!r}")


threads = [threading.Thread(target=alternate, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"root: torch {torch.__version__}, numpy {numpy.__version__}")
print(f"pin:  torch {other.torch.__version__}, numpy {other.numpy.__version__}")
if torch.__version__ == other.torch.__version__ or failed:
    sys.exit("\n".join(failed or ["both are one"]))
