import { parse } from 'lossless-json'

/** JSON with every integer token as a bigint and every other number as a number. @throws SyntaxError, RangeError */
export const parseExactly = (text: string): unknown => parse(text, undefined, numberOf)

const numberOf = (token: string): bigint | number => (/^-?\d+$/.test(token) ? BigInt(token) : Number(token))
