/**
 * The smallest of what was pushed, the largest of them first: scikit-learn's own heap, so that of equal values the
 * same ones stay.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/utils/_heap.pyx
 */
export class Heap {
  readonly values: Float64Array
  readonly indices: Int32Array

  constructor(size: number) {
    this.values = new Float64Array(size).fill(Infinity)
    this.indices = new Int32Array(size)
  }

  clear(): void {
    this.values.fill(Infinity)
    this.indices.fill(0)
  }

  push(value: number, index: number): void {
    const { values, indices } = this
    if (!(value < (values[0] as number))) return
    const size = values.length
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= size) break
      const right = left + 1
      const next = right < size && (values[right] as number) > (values[left] as number) ? right : left
      const below = values[next] as number
      if (!(below > value)) break
      values[at] = below
      indices[at] = indices[next] as number
      at = next
    }
    values[at] = value
    indices[at] = index
  }

  /** Ascending, of equal values the lower index first, into arrays at `to`. */
  sortInto(distances: Float64Array, indices: Int32Array, to: number): void {
    const size = this.values.length
    for (let i = 0; i < size; i++) {
      const [value, index] = [this.values[i] as number, this.indices[i] as number]
      let at = to + i
      for (; at > to; at--) {
        const [before, other] = [distances[at - 1] as number, indices[at - 1] as number]
        if (before < value || (before === value && other < index)) break
        distances[at] = before
        indices[at] = other
      }
      distances[at] = value
      indices[at] = index
    }
  }
}
