import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** A binary tree of centers, as bisecting k-means makes it. Node 0 is the root. */
export interface CenterTree {
  /** By node: its children, -1 in a leaf. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** By node: the label of a leaf. */
  readonly label: Int32Array
  /** By node: its center [nodes, columns], and the center's squared length. */
  readonly centers: Float64Array
  readonly squares: Float64Array
}

/** From the root to the nearer child, the left where both are as near. @returns int64 [rows] of labels */
export function nearestLeaves({ left, right, label, centers, squares }: CenterTree, x: Tensor): Tensor {
  const [rows = 0, columns = 0] = x.dims
  const cells = x.data as Float64Array
  const labels = new BigInt64Array(rows)
  const distance = (row: number, node: number): number => {
    let sum = 0
    for (let i = 0; i < columns; i++)
      sum += (cells[row * columns + i] as number) * (centers[node * columns + i] as number)
    return (squares[node] as number) - 2 * sum
  }
  for (let row = 0; row < rows; row++) {
    let node = 0
    while ((left[node] as number) >= 0) {
      const [a, b] = [left[node] as number, right[node] as number]
      node = distance(row, b) < distance(row, a) ? b : a
    }
    labels[row] = BigInt(label[node] as number)
  }
  return createTensor('int64', [rows], labels)
}
