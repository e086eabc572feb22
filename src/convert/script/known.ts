/**
 * Classes of models that people publish as pickles, whose code is not in the file: what their `forward` computes, in
 * words of ours, by the module that the pickle names. The class path comes before them.
 */
const KNOWN = {
  /** Ritual's iris.torch: three linear layers, ReLU between them, softmax over the classes. */
  iris_classification_model: `
from torch import nn

class IrisClassificationModel(nn.Module):
    def forward(self, x):
        hidden = self.layer2(self.layer1(x).relu()).relu()
        return self.layer3(hidden).softmax(1)
`,
} as const

/** A Map: names come out of files. */
export const knownCode: ReadonlyMap<string, string> = new Map(Object.entries(KNOWN))
