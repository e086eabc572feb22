import type { Machine } from './pickle-machine.ts'
import {
  readByteArray,
  readFloatLine,
  readIntLine,
  readLatin1,
  readLong,
  readLongLine,
  readStringLine,
  readText,
  readUnicodeLine,
} from './pickle-scalars.ts'
import { NO_VALUES, tuple } from './values.ts'

/**
 * The opcodes of pickle protocols 0 to 5, by the names of CPython's `pickletools.py`. The five that are missing (EXT1,
 * EXT2, EXT4, NEXT_BUFFER, READONLY_BUFFER) want what no file holds: a registry or buffers of the program
 * that wrote it.
 */
type Operation = (m: Machine) => void

/** Ints of one byte, which make up most of many files. */
const SMALL_INTS: readonly bigint[] = Array.from({ length: 256 }, (_, value) => BigInt(value))

// biome-ignore format: one row per opcode
const TABLE: Readonly<Record<number, Operation>> = {
  0x28: (m) => m.mark(),                                      // (  MARK
  0x29: (m) => m.push(NO_VALUES),                              // )  EMPTY_TUPLE
  0x2e: (m) => m.stop(),                                      // .  STOP
  0x30: (m) => m.drop(),                                      // 0  POP
  0x31: (m) => m.popMark(),                                   // 1  POP_MARK
  0x32: (m) => m.push(m.top()),                               // 2  DUP
  0x42: (m) => m.view(m.file.u32()),            // B  BINBYTES
  0x43: (m) => m.view(m.file.u8()),             // C  SHORT_BINBYTES
  0x46: (m) => m.push(readFloatLine(m.file)),                 // F  FLOAT
  0x47: (m) => m.push(m.file.f64BigEndian()),                 // G  BINFLOAT
  0x49: (m) => m.push(readIntLine(m.file)),                   // I  INT
  0x4a: (m) => m.push(BigInt(m.file.i32())),                  // J  BININT
  0x4b: (m) => m.push(SMALL_INTS[m.file.u8()] as bigint),     // K  BININT1
  0x4c: (m) => m.push(readLongLine(m.file)),                  // L  LONG
  0x4d: (m) => m.push(BigInt(m.file.u16())),                  // M  BININT2
  0x4e: (m) => m.push(null),                                  // N  NONE
  0x50: (m) => m.persistent(m.file.line()),                   // P  PERSID
  0x51: (m) => m.persistent(m.pop()),                         // Q  BINPERSID
  0x52: (m) => m.reduce(),                                    // R  REDUCE
  0x53: (m) => m.push(readStringLine(m.file)),                // S  STRING
  0x54: (m) => m.push(readLatin1(m.file, m.file.i32())),      // T  BINSTRING
  0x55: (m) => m.push(readLatin1(m.file, m.file.u8())),       // U  SHORT_BINSTRING
  0x56: (m) => m.push(readUnicodeLine(m.file)),               // V  UNICODE
  0x58: (m) => m.push(readText(m.file, m.file.u32())),        // X  BINUNICODE
  0x5d: (m) => m.container([]),                               // ]  EMPTY_LIST
  0x61: (m) => m.append(),                                    // a  APPEND
  0x62: (m) => m.build(),                                     // b  BUILD
  0x63: (m) => m.global(m.nameLine(), m.nameLine()),          // c  GLOBAL
  0x64: (m) => m.dict(),                                      // d  DICT
  0x65: (m) => m.appends(),                                   // e  APPENDS
  0x67: (m) => m.get(m.indexLine()),                          // g  GET
  0x68: (m) => m.get(m.file.u8()),                            // h  BINGET
  0x69: (m) => m.inst(),                                      // i  INST
  0x6a: (m) => m.get(m.file.u32()),                           // j  LONG_BINGET
  0x6c: (m) => m.container(m.popMark()),                      // l  LIST
  0x6f: (m) => m.obj(),                                       // o  OBJ
  0x70: (m) => m.put(m.indexLine()),                          // p  PUT
  0x71: (m) => m.put(m.file.u8()),                            // q  BINPUT
  0x72: (m) => m.put(m.file.u32()),                           // r  LONG_BINPUT
  0x73: (m) => m.setItem(),                                   // s  SETITEM
  0x74: (m) => m.container(tuple(m.popMark())),               // t  TUPLE
  0x75: (m) => m.setItems(),                                  // u  SETITEMS
  0x7d: (m) => m.container(new Map()),                        // }  EMPTY_DICT
  0x80: (m) => m.protocol(m.file.u8()),                       //    PROTO
  0x81: (m) => m.newObject(),                                 //    NEWOBJ
  0x85: (m) => m.tuple(1),                                    //    TUPLE1
  0x86: (m) => m.tuple(2),                                    //    TUPLE2
  0x87: (m) => m.tuple(3),                                    //    TUPLE3
  0x88: (m) => m.push(true),                                  //    NEWTRUE
  0x89: (m) => m.push(false),                                 //    NEWFALSE
  0x8a: (m) => m.push(readLong(m.file, m.file.u8())),         //    LONG1
  0x8b: (m) => m.push(readLong(m.file, m.file.i32())),        //    LONG4
  0x8c: (m) => m.push(readText(m.file, m.file.u8())),         //    SHORT_BINUNICODE
  0x8d: (m) => m.push(readText(m.file, m.file.u64())),        //    BINUNICODE8
  0x8e: (m) => m.view(m.file.u64()),            //    BINBYTES8
  0x8f: (m) => m.container(new Set()),                        //    EMPTY_SET
  0x90: (m) => m.addItems(),                                  //    ADDITEMS
  0x91: (m) => m.frozenSet(),                                 //    FROZENSET
  0x92: (m) => m.newObjectEx(),                               //    NEWOBJ_EX
  0x93: (m) => m.stackGlobal(),                               //    STACK_GLOBAL
  0x94: (m) => m.memoize(),                                   //    MEMOIZE
  0x95: (m) => m.frame(m.file.u64()),                         //    FRAME
  0x96: (m) => m.push(readByteArray(m.file, m.file.u64())),   //    BYTEARRAY8
}

/** The table as an array: a byte finds its operation, or `undefined`. */
export const OPERATIONS: readonly (Operation | undefined)[] = Array.from({ length: 256 }, (_, byte) => TABLE[byte])

/** What is refused, and why. */
export const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x82, 'EXT1 names a class by a number that only its writer knows'],
  [0x83, 'EXT2 names a class by a number that only its writer knows'],
  [0x84, 'EXT4 names a class by a number that only its writer knows'],
  [0x97, 'NEXT_BUFFER wants a buffer that is not in the file'],
  [0x98, 'READONLY_BUFFER wants a buffer that is not in the file'],
])
