/** Terms as paths of letters (whatever numbers stand for units), in a hash table: which node comes after which. */
export class Trie {
  readonly #mask: number
  readonly #from: Int32Array
  readonly #letter: Int32Array
  readonly #to: Int32Array
  /** By node: the place of the term that ends there, 0 for none. The root is node 0. */
  readonly places: Int32Array

  constructor(terms: readonly { readonly letters: readonly number[]; readonly place: number }[]) {
    const most = terms.reduce((sum, { letters }) => sum + letters.length, 1)
    const size = 2 ** Math.ceil(Math.log2(2 * most))
    this.#mask = size - 1
    this.#from = new Int32Array(size)
    this.#letter = new Int32Array(size)
    this.#to = new Int32Array(size)
    const places = new Int32Array(most)
    let count = 1
    for (const { letters, place } of terms) {
      let node = 0
      for (const letter of letters) {
        const at = this.#slot(node, letter)
        if (this.#to[at] === 0) {
          this.#from[at] = node
          this.#letter[at] = letter
          this.#to[at] = count++
        }
        node = this.#to[at] as number
      }
      places[node] = place
    }
    this.places = places.slice(0, count)
  }

  /** The node after `node`, 0 where no term goes on so. */
  after(node: number, letter: number): number {
    return this.#to[this.#slot(node, letter)] as number
  }

  /** Where the step is, or would be, in the table. */
  #slot(node: number, letter: number): number {
    let at = Math.imul(node, 0x9e3779b1) ^ Math.imul(letter, 0x85ebca6b)
    at = (at ^ (at >>> 15)) & this.#mask
    while (this.#to[at] !== 0 && (this.#from[at] !== node || this.#letter[at] !== letter)) at = (at + 1) & this.#mask
    return at
  }
}
