/** Which IP addresses belong to the public internet; everything else is somebody's inside. IANA's special registries. */
import { BlockList, isIP } from 'node:net'

const special = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, bits, 'ipv4')
/** Protocol assignments (Teredo among them), documentation, 6to4. */
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, bits, 'ipv6')

const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/** IPv4 inside IPv6: mapped (`::ffff:a.b.c.d`) and NAT64 (`64:ff9b::a.b.c.d`), as the URL parser writes them. */
const EMBEDDED = /^\[(?:::ffff|64:ff9b:):([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/

/** An IPv4 or IPv6 address in any spelling; what is no address is not public. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (isIP(bare) === 4) return !special.check(bare, 'ipv4')
  if (isIP(bare) !== 6) return false
  const embedded = EMBEDDED.exec(new URL(`http://[${bare}]`).hostname)
  if (embedded) return isPublicAddress(dotted(`${embedded[1]}`, `${embedded[2]}`))
  return globalUnicast.check(bare, 'ipv6') && !special.check(bare, 'ipv6')
}

const dotted = (high: string, low: string): string =>
  [high, low]
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 255])
    .join('.')
