import { type Analyzer, charactersOf, SPLIT } from './analyzer.ts'
import type { Counter } from './counter.ts'
import { Trie } from './trie.ts'

/** Counts the terms of a text. */
export type TermCounter = (text: string, counter: Counter) => void

/** Counts the terms of a vocabulary, without making them: units are followed through a trie of its terms. */
export function vocabularyCounter(vocabulary: ReadonlyMap<string, number>, analyzer: Analyzer): TermCounter {
  return analyzer.unit === 'word' ? wordCounter(vocabulary, analyzer) : characterCounter(vocabulary, analyzer)
}

/** Counts terms by the place that `placeOf` gives each. */
export function termCounter(placeOf: (term: string) => number, analyzer: Analyzer): TermCounter {
  return (text, counter) => {
    for (const term of analyzer.terms(text)) counter.add(placeOf(term), 1)
  }
}

function wordCounter(vocabulary: ReadonlyMap<string, number>, analyzer: Analyzer): TermCounter {
  const [shortest, longest] = analyzer.ngrams
  const slow = termCounter((term) => vocabulary.get(term) ?? 0, analyzer)
  if (longest === 1) return slow
  const ids = new Map<string, number>()
  const idOf = (word: string): number => {
    const id = ids.get(word) ?? ids.size + 1
    ids.set(word, id)
    return id
  }
  const trie = new Trie([...vocabulary].map(([term, place]) => ({ letters: term.split(' ').map(idOf), place })))
  return (text, counter) => {
    const words = analyzer.words(text)
    // A word with a space in it looks like two.
    if (words.some((word) => word.includes(' '))) return slow(text, counter)
    const letters = Int32Array.from(words, (word) => ids.get(word) ?? 0)
    countRuns(trie, letters, shortest, longest, counter)
  }
}

function characterCounter(vocabulary: ReadonlyMap<string, number>, analyzer: Analyzer): TermCounter {
  const [shortest, longest] = analyzer.ngrams
  const trie = new Trie([...vocabulary].map(([term, place]) => ({ letters: lettersOf(term), place })))
  if (analyzer.unit === 'char')
    return (text, counter) => countRuns(trie, lettersOf(analyzer.spaced(text)), shortest, longest, counter)
  return (text, counter) => {
    for (const word of analyzer.spaced(text).split(SPLIT)) {
      if (word === '') continue
      const letters = lettersOf(` ${word} `)
      countRuns(trie, letters, Math.min(shortest, letters.length), longest, counter)
    }
  }
}

const codeOf = (character: string): number => character.codePointAt(0) as number

function lettersOf(text: string): number[] {
  const characters = charactersOf(text)
  if (typeof characters !== 'string') return characters.map(codeOf)
  const letters = new Array<number>(characters.length)
  for (let i = 0; i < letters.length; i++) letters[i] = characters.charCodeAt(i)
  return letters
}

/** All runs of `shortest` to `longest` letters that are terms. */
function countRuns(trie: Trie, letters: ArrayLike<number>, shortest: number, longest: number, counter: Counter): void {
  const { places } = trie
  for (let start = 0; start < letters.length; start++) {
    const end = Math.min(letters.length, start + longest)
    let node = 0
    for (let i = start; i < end; i++) {
      node = trie.after(node, letters[i] as number)
      if (node === 0) break
      if (i - start + 1 >= shortest) counter.add(places[node] as number, 1)
    }
  }
}
