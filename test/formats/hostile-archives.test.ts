/** Zips from an enemy: bombs, and what two readers would read differently. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readZip } from '../../src/formats/zip.ts'
import { type Member, zipOf } from './hostile.ts'
import { refused } from './refusals.ts'

describe('zip', () => {
  const content = Buffer.from('content')
  const one: Member = { name: 'a', content }
  const zip = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => [...readZip(bytes).values()].map(({ read }) => read()), sentence)
  test('the pieces make a zip', () =>
    assert.equal(
      `${readZip(zipOf([one]))
        .get('a')
        ?.read()}`,
      'content',
    ))
  zip('a checksum that is wrong', zipOf([{ ...one, crc: 1 }]), /a does not match its checksum/)
  zip('two of one name', zipOf([one, one]), /two entries are called a/)
  zip('entries that overlap', zipOf([one, { ...one, name: 'b', at: 0 }]), /overlaps|called/)
  zip(
    'a ratio of a thousand',
    zipOf([{ name: 'a', content: new Uint8Array(100_000_000), deflate: true }]),
    /expand to 100000000/,
  )
  zip(
    'a size that is less',
    zipOf([{ name: 'a', content: new Uint8Array(30_000), deflate: true, size: 10 }]),
    /expand to more than 10/,
  )
  zip('a size that is more', zipOf([{ name: 'a', content, deflate: true, size: 100 }]), /expands to 7/)
  zip('stored in other sizes', zipOf([{ ...one, size: 100 }]), /is stored, but in 7 bytes for 100/)
  zip('an entry beyond the file', zipOf([{ ...one, size: 1000, packed: 1000 }]), /within the directory/)
  zip('another local name', zipOf([{ ...one, localName: 'b' }]), /is called "b" in its local header/)
  zip('an encrypted entry', zipOf([{ ...one, flags: 1 }]), /a is encrypted/)
  zip('a link', zipOf([{ ...one, attributes: 0xa1ff0000 }]), /a is a link/)
  for (const name of ['../a', '/a', 'a/../../b', 'C:\\a', 'a\0b', '']) {
    zip(`the name ${JSON.stringify(name)}`, zipOf([{ ...one, name }]), /an entry is called/)
  }
  zip('more entries than there are', zipOf([one], { count: 2 }), /claimed where 0 are left/)
  zip('fewer entries than there are', zipOf([one, { ...one, name: 'b' }], { count: 1 }), /follow the last entry/)
  zip('zip64 without its record', zipOf([one], { offset: 0xffffffff }), /no zip64 record/)
  zip('a directory beyond the end', zipOf([one], { offset: 0xfffffff0 }), /its directory ends/)
  zip('a zip that is cut', zipOf([one]).subarray(0, 40), /no end record/)
  zip('nothing', new Uint8Array(0), /no end record/)
})
