import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tokenPattern } from '../../src/convert/sklearn/token-pattern.ts'
import { type Analysis, createAnalyzer } from '../../src/kernels/analyzer.ts'
import { hashedPlace, murmur3 } from '../../src/kernels/murmur.ts'
import { Trie } from '../../src/kernels/trie.ts'

const WORDS: Analysis = {
  unit: 'word',
  ngrams: [1, 1],
  isLowered: true,
  accents: 'keep',
  pattern: undefined,
  stopWords: undefined,
}
const terms = (text: string, analysis: Partial<Analysis> = {}) => createAnalyzer({ ...WORDS, ...analysis }).terms(text)

describe('analyzers', () => {
  test('words have two characters, of any script', () => {
    assert.deepEqual(terms("I'm a dog_1, été 日本 x ½²"), ['dog_1', 'été', '日本', '½²'])
  })
  test('stop words go before runs are made', () => {
    assert.deepEqual(terms('cat and dog', { ngrams: [2, 2], stopWords: new Set(['and']) }), ['cat dog'])
  })
  test('accents are marks of their own, and other letters are not ASCII', () => {
    assert.deepEqual(terms('Été ﬁn ßa', { accents: 'unicode' }), ['ete', 'fin', 'ßa'])
    assert.deepEqual(terms('Été ﬁn ßab', { accents: 'ascii' }), ['ete', 'fin', 'ab'])
  })
  test('characters are code points', () => {
    assert.deepEqual(terms('a😀  b', { unit: 'char', ngrams: [2, 2] }), ['a😀', '😀 ', ' b'])
  })
  test('a word shorter than a run counts once', () => {
    assert.deepEqual(terms('ab', { unit: 'char_wb', ngrams: [5, 7] }), [' ab '])
  })
})

describe('patterns of tokens', () => {
  const find = (source: string, text: string) => text.match(tokenPattern(source) as RegExp)
  test('know all of Unicode', () => {
    assert.deepEqual(find('(?u)\\b\\w+\\b', 'é 日本-x'), ['é', '日本', 'x'])
    assert.deepEqual(find('[^\\W\\d_]+', 'ab1é_c'), ['ab', 'é', 'c'])
    assert.deepEqual(find('\\S+', 'a\x1cb c'), ['a', 'b', 'c'])
    assert.deepEqual(find('[a-z&&-]+', 'a&-b'), ['a&-b'])
    assert.deepEqual(find("\\w+(?:[\\-']\\w+|\\-|\\.\\'|\\@x)", "a-b c- d.' e@x"), ['a-b', 'c-', "d.'", 'e@x'])
    assert.deepEqual(find('.+$', 'a\u2028b\n'), ['a\u2028b'])
  })
  for (const source of [
    '(?i)x',
    '(?P<a>x)',
    '(a)(b)',
    '(a)\\1',
    'a++',
    'a{2}+',
    '[a',
    '\\pL',
    '(?>a)',
    '(?#c)',
    '\\w*?',
    '|a',
  ])
    test(`${source} is not known`, () => assert.equal(tokenPattern(source), undefined))
})

test('murmur3', () => {
  // What sklearn.utils.murmurhash3_32 gives.
  assert.deepEqual(
    ['', 'a', 'ab', 'abc', 'abcd', 'été', 'hello world'].map(murmur3),
    [0, 1009084850, -1681926305, -1277324294, 1139631978, 865297935, 1586663183],
  )
  assert.equal(hashedPlace('a', 10, true), 1 + (Math.abs(murmur3('a')) % 10))
})

test('a trie follows terms', () => {
  const trie = new Trie([
    { letters: [1, 2], place: 5 },
    { letters: [1], place: 6 },
  ])
  const one = trie.after(0, 1)
  assert.equal(trie.places[one], 6)
  assert.equal(trie.places[trie.after(one, 2)], 5)
  assert.equal(trie.after(one, 3), 0)
})
