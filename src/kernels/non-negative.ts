import { InferError } from '../errors.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * Refuses what `taker` refuses.
 * @param isPositive whether zero is refused, too
 * @throws InferError bad_request that tells the first value, its row and its column
 */
export function checkNonNegative({ data, dims }: Tensor, taker: string, isPositive = false): void {
  const cells = data as Float64Array
  const columns = dims[1] ?? 1
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] as number
    if (cell > 0 || (cell === 0 && !isPositive)) continue
    const takes = isPositive ? 'takes positive numbers' : 'takes no negative numbers'
    const where = `row ${Math.floor(i / columns)} has ${cell} in column ${i % columns}`
    throw new InferError('bad_request', `${where}, and ${taker} ${takes}`)
  }
}
