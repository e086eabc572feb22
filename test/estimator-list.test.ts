/** The README's list of estimators is the table's: `UPDATE_README=1` writes it. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { CONVERTERS } from '../src/convert/sklearn/table.ts'
import { ROOT } from './support/paths.ts'

const LIST = /(?<=<!-- estimators -->\n)[\s\S]*(?=<!-- \/estimators -->)/

/** A row for each package: `sklearn.svm` and its estimators. */
function listed(): string {
  const packages = new Map<string, string[]>()
  for (const path of Object.keys(CONVERTERS).sort()) {
    const [root, area] = path.split('.')
    const name = root === 'sklearn' ? `${root}.${area}` : `${root}`
    packages.set(name, [...(packages.get(name) ?? []), path.slice(path.lastIndexOf('.') + 1)])
  }
  const rows = [...packages].map(([name, names]) => `| \`${name}\` | ${names.join(', ')} |\n`)
  return `\n| package | estimators |\n| --- | --- |\n${rows.join('')}\n`
}

test('the README lists the estimators that are converted', () => {
  const path = `${ROOT}README.md`
  const readme = readFileSync(path, 'utf8')
  if (process.env.UPDATE_README) writeFileSync(path, readme.replace(LIST, listed()))
  assert.equal(LIST.exec(readFileSync(path, 'utf8'))?.[0], listed())
})
