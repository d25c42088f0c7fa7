"""What sets Keras' ResNet apart from torchvision's, in features: python benchmarks/keras_differences.py CORPUS

One network with drawn weights, whose batch-norm statistics are those of its activations on the corpus' images, changed
in one place at a time. Per change, against Keras' network: the median over images of the difference's length relative
to the features'; the mean cosine of the features after their mean over the images is taken off; and the rank
correlation of the distances between images. No trained weights are used: the figures are of the functions alone.
"""

import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from torch import nn
from torchvision.models.resnet import Bottleneck

from ganprint.corpus.png import load_grey
from ganprint.corpus.store import read_index
from ganprint.embed.backbones import BACKBONES
from ganprint.embed.keras_resnet import keras_resnet
from ganprint.embed.preprocessing import Preprocessing, paper_preprocessing

COUNT, CALIBRATION, BATCH, FAINT = 64, 16, 16, 3e-3


def parts(network, kind):
    return [part for part in network.modules() if isinstance(part, kind)]


def drawn(name, images):
    """Draw weights; a quarter of the channels hardly varies, and blocks add little to what they are given."""
    network = keras_resnet(name)
    generator = torch.Generator().manual_seed(1)
    last = {id(block.bn3) for block in parts(network, Bottleneck)}
    with torch.no_grad():
        for conv in parts(network, nn.Conv2d):
            faint = torch.rand(conv.out_channels, generator=generator) < 0.25
            scale = torch.where(faint, FAINT, 1.0)
            deviation = (2 / conv.weight[0].numel()) ** 0.5
            conv.weight.normal_(0, deviation, generator=generator).mul_(scale.view(-1, 1, 1, 1))
            conv.bias.normal_(0, 0.2, generator=generator).mul_(scale)
        for norm in parts(network, nn.BatchNorm2d):
            norm.momentum = 1.0
            low, high = (0.1, 0.3) if id(norm) in last else (0.3, 1.0)
            norm.weight.uniform_(low, high, generator=generator)
            norm.bias.normal_(0, 0.2, generator=generator)
        network.train()(images)
        for norm in parts(network, nn.BatchNorm2d):
            shift = torch.randn(norm.num_features, generator=generator) * 0.1
            norm.running_mean += shift * norm.running_var.sqrt()
            norm.running_var *= torch.empty(norm.num_features).uniform_(0.8, 1.5, generator=generator)
    return network.eval()


def stride_in_the_3x3(network):
    for block in parts(network, Bottleneck):
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride


def epsilon_of_torch(network):
    for norm in parts(network, nn.BatchNorm2d):
        norm.eps = 1e-5


def no_biases(network):
    for conv in parts(network, nn.Conv2d):
        nn.init.zeros_(conv.bias)


def zeros_before_the_pooling(network):
    network.maxpool = nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3, 2))


def torchvision_throughout(network):
    stride_in_the_3x3(network)
    epsilon_of_torch(network)
    no_biases(network)


CHANGES = {
    "padding of the pooling: zeros, as Keras writes it": zeros_before_the_pooling,
    "epsilon 1e-5": epsilon_of_torch,
    "stride in the 3x3 convolution": stride_in_the_3x3,
    "biases left out": no_biases,
    "stride, epsilon and biases as torchvision has them": torchvision_throughout,
}


def features(name, network, values):
    body = BACKBONES[name].features(network)
    with torch.inference_mode():
        maps = torch.cat([body(values[start : start + BATCH]) for start in range(0, len(values), BATCH)])
    return {"average": maps.mean(dim=(2, 3)).numpy(), "max": maps.amax(dim=(2, 3)).numpy()}


def compared(changed, kept):
    relative = np.median(np.linalg.norm(changed - kept, axis=1) / np.linalg.norm(kept, axis=1))
    one, other = changed - changed.mean(axis=0), kept - kept.mean(axis=0)
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return relative, cosines.mean(), spearmanr(pdist(changed), pdist(kept)).statistic


def values_of(preprocessing, images):
    return preprocessing.values(torch.from_numpy(np.stack([preprocessing.geometry(image) for image in images])))


def rows(name, images):
    paper = paper_preprocessing(224)
    values = values_of(paper, images)
    network = drawn(name, values[:: COUNT // CALIBRATION])
    kept = features(name, network, values)
    for title, change in CHANGES.items():
        changed = deepcopy(network)
        change(changed)
        yield title, features(name, changed, values), kept
    bilinear = Preprocessing("bilinear", None, 224, "bilinear", paper.mean, paper.deviation)
    yield "bilinear resize instead of nearest neighbour", features(name, network, values_of(bilinear, images)), kept


def main(corpus):
    index = read_index(corpus)
    real = index[(index["split"] == "development") & (index["role"] == "real")]["path"]
    images = [load_grey(corpus / path) for path in real.iloc[np.linspace(0, len(real) - 1, COUNT).astype(int)]]
    print("| network | change | pooling | relative difference | cosine | rank correlation |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for name in ("keras-resnet50", "keras-resnet101"):
        for title, changed, kept in rows(name, images):
            for pooling in kept:
                relative, cosine, rank = compared(changed[pooling], kept[pooling])
                print(f"| {name} | {title} | {pooling} | {relative:.2g} | {cosine:.3f} | {rank:.3f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
