import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor } from '../../tensor/tensor.ts'

/**
 * One score a class [rows, classes] from pairs, above zero for the first of the pair: its votes, and its summed
 * confidences squeezed to less than a third of a vote.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/utils/multiclass.py (_ovr_decision_function)
 * @param pairs float64 [rows, pairs] in the order (0, 1), (0, 2), ..., (1, 2), ...
 * @param votes bool [rows, pairs]: the second of the pair wins; by default where the score is below zero
 */
export function pairwiseScores(g: Graph, pairs: Expr, classes: number, votes: Expr = pairs.lt(0)): Expr {
  const total = (classes * (classes - 1)) / 2
  const signs = new Float64Array(total * classes)
  const base = new Float64Array(classes)
  for (let i = 0, pair = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      signs[pair * classes + i] = -1
      signs[pair * classes + j] = 1
      base[i] = (base[i] as number) + 1
    }
  }
  const matrix = createTensor('float64', [total, classes], signs)
  const won = votes
    .cast('float64')
    .matmul(matrix)
    .add(createTensor('float64', [classes], base))
  const confidence = g.node('Neg', [pairs]).matmul(matrix)
  return won.add(confidence.div(confidence.abs().add(1).mul(3)))
}
