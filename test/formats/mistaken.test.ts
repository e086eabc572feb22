/** What somebody may point at by mistake, and the sentence that tells them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { detect } from '../../src/formats/detect.ts'
import { foreignCode } from '../../src/formats/foreign-code.ts'
import { FIXTURES } from '../support/paths.ts'
import { bytesOf, little, zipOf } from './hostile.ts'
import './refusals.ts'

const fixture = (name: string): Uint8Array => readFileSync(`${FIXTURES}formats/${name}`)
const zip = (...names: string[]): Uint8Array =>
  zipOf(names.map((name) => ({ name, content: Buffer.from('x'), flags: 0 })))
const tar = (name: string): Uint8Array =>
  bytesOf(name, new Uint8Array(257 - name.length), 'ustar\0', new Uint8Array(249))

/** A line a mistake. */
// biome-ignore format: one row per file
const MISTAKES: readonly (readonly [what: string, bytes: Uint8Array, sentence: RegExp])[] = [
  ['nothing', bytesOf(), /^the file is empty$/],
  ['zeros', new Uint8Array(5000), /^only zeros: a download or a copy that was not finished$/],
  ['a web page', bytesOf('\n<!DOCTYPE html><html><head><title>Sign in</title>'), /^a web page, perhaps of a log-in or an error$/],
  ['a page without a doctype', bytesOf('<html lang="en">'), /^a web page/],
  ['PMML', bytesOf('<?xml version="1.0"?>\n<PMML version="4.4">'), /^PMML: /],
  ['OpenVINO', bytesOf('<?xml version="1.0"?>\n<net name="m" version="11">'), /^XML: /],
  ['a Git LFS pointer', bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'), /^a pointer of Git LFS.*git lfs pull/],
  ['a hub that refuses', bytesOf('Invalid username or password.'), /^a server's answer instead of the file: "Invalid username/],
  ['a hub that has not', bytesOf('Entry not found'), /^a server's answer/],
  ['a gateway that has not', bytesOf('Not Found'), /^a server's answer/],
  ['JSON of an error', bytesOf('{"error":"Repository not found"}'), /^a server's answer instead of the file: ".*Repository not found/],
  ['a configuration of a transformer', bytesOf('{"architectures": ["BertModel"], "model_type": "bert"}'), /^a configuration of a model/],
  ['an index of safetensors', bytesOf('{"metadata": {}, "weight_map": {"a": "b"}}'), /^an index of the files of a model/],
  ['a notebook', bytesOf('{\n "cells": [],\n "nbformat": 4}'), /^a Jupyter notebook/],
  ['a dump of XGBoost trees', bytesOf('booster[0]:\n0:[f2<2.45] yes=1'), /^a dump of XGBoost's trees.*save_model/],
  ['a JSON dump of XGBoost trees', bytesOf('[\n  { "nodeid": 0, "depth": 0'), /^a dump of XGBoost's trees.*save_model/],
  ['a script', bytesOf('#!/bin/sh\nexit 0\n'), /^a script, not a model$/],
  ['Python', bytesOf('import torch\n\nclass Net(torch.nn.Module):\n'), /^Python source/],
  ['Python that begins with words', bytesOf('"""Trains."""\nimport os\n'), /^Python source/],
  ['a table', bytesOf('sepal_length,sepal_width,species\n5.1,3.5,setosa\n'), /^a table of data \(CSV\)/],
  ['a table of tabs', bytesOf('a\tb\n1\t2\n'), /^a table of data \(CSV\)/],
  ['a text', bytesOf('Dear reader,\nthis is no model.\n'), /^a text$/],
  ['Parquet', bytesOf('PAR1', new Uint8Array(20)), /^a table of data \(Parquet\)/],
  ['Feather', bytesOf('ARROW1\0\0'), /^a table of data \(Arrow\)/],
  ['SQLite', bytesOf('SQLite format 3\0'), /^a SQLite database/],
  ['MATLAB', bytesOf('MATLAB 5.0 MAT-file'), /^a MATLAB file/],
  ['Keras 2', bytesOf('\x89HDF\r\n\x1a\n'), /^HDF5, as Keras .h5 files are.*ONNX/],
  ['Keras 3', zip('config.json', 'metadata.json', 'model.weights.h5'), /^a Keras 3 model.*ONNX/],
  ['a SavedModel of TensorFlow', bytesOf(0x08, 1, 0x12, 0xff, 0x7f, 0x0a, 9), /^a SavedModel of TensorFlow.*ONNX/],
  ['a graph of TensorFlow', bytesOf(0x0a, 0x14, 0x0a, 5, 'input', 0x12, 11, 'Placeholder'), /^a graph of TensorFlow.*ONNX/],
  ['TensorFlow Lite', bytesOf(little(28, 4), 'TFL3'), /^a TensorFlow Lite model/],
  ['ONNX Runtime\'s own', bytesOf(little(28, 4), 'ORTM'), /^ONNX Runtime's own format \(\.ort\)/],
  ['GGUF', bytesOf('GGUF', 3, 0, 0, 0), /^GGUF, of llama\.cpp: a language model/],
  ['R', gzipSync('X\n\0\0\0\x03\0\x04\x03\x02'), /^R's own format \(\.rds\)/],
  ['R, several objects', gzipSync('RDX3\nX\n'), /^R's own format \(\.RData\)/],
  ['an encrypted zip', zipOf([{ name: 'model.pkl', content: Buffer.from('x'), flags: 1 }]), /^a zip with a password/],
  ['a zip that is cut', zip('archive/data.pkl').subarray(0, 40), /^a zip that is cut short/],
  ['a zip of a model', zip('model.onnx', 'README.md'), /^a zip of model\.onnx: unpack it/],
  ['a zip of several', zip('a.pkl', 'b.joblib', 'c.txt'), /^a zip of a\.pkl, b\.joblib: unpack it/],
  ['a zip of nothing known', zip('a.txt', 'b.txt'), /^a zip of 2 files, none of them a model$/],
  ['an empty zip', zipOf([]), /^an empty zip$/],
  ['a wheel', zip('pkg/__init__.py', 'pkg-1.dist-info/METADATA'), /^a Python wheel/],
  ['a spreadsheet', zip('[Content_Types].xml', 'xl/workbook.xml'), /^an Office document/],
  ['a jar', zip('META-INF/MANIFEST.MF', 'A.class'), /^a Java archive/],
  ['a zip of MLflow', zip('model/MLmodel', 'model/model.pkl'), /^a zip of model\/model\.pkl: unpack it/],
  ['torch before 0.1.10', tar('sys_info'), /^a tar of torch\.save before 0\.1\.10: load it .* and save it again/],
  ['a tar', tar('model/config.json'), /^a tar archive: unpack it/],
  ['a tar.gz', gzipSync(tar('model.pkl')), /^a tar archive, compressed: unpack it/],
  ['a csv.gz', gzipSync('a,b\n1,2\n'), /^a table of data \(CSV\), compressed/],
  ['zlib of a text', deflateSync('hello there, reader\n'), /^a text, compressed$/],
  ['7z', bytesOf('7z\xbc\xaf\x27\x1c'), /^a 7z archive: unpack it/],
  ['rar', bytesOf('Rar!\x1a\x07\x01\0'), /^a RAR archive: unpack it/],
  ['zstd', bytesOf(0x28, 0xb5, 0x2f, 0xfd), /^a Zstandard file: unpack it/],
  ['a program', bytesOf('\x7fELF'), /^a program, not a model/],
  ['a program of Windows', bytesOf('MZ\x90\0'), /^a program, not a model/],
  ['compiled Python', bytesOf(0xa7, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0), /^compiled Python/],
  ['a picture', bytesOf('\x89PNG\r\n'), /^a picture/],
  ['a JPEG', bytesOf('\xff\xd8\xff\xe0'), /^a picture/],
  ['a PDF', bytesOf('%PDF-1.7'), /^a PDF/],
  ['a pickle that is cut', bytesOf(0x80, 4, 0x95), /^a pickle \(protocol 4\)$/],
  ['noise', bytesOf(0xf3, 0x91, 0xe2, 0xd0, 0xc4), /^its first bytes are those of no format that is read$/],
]

describe('a mistake is told in one sentence', () => {
  for (const [what, bytes, sentence] of MISTAKES) {
    test(what, () => {
      const { format, reason } = detect(bytes)
      assert.match(reason, sentence)
      assert.ok(reason.length < 200 && !/[\n\r]/.test(reason))
      assert.equal(format, /^a pickle/.test(reason) ? 'pickle' : undefined)
    })
  }
  test('a compressed pickle is none', () => assert.equal(detect(fixture('small-gzip3.joblib')).format, 'joblib'))
})

describe('a class that no file holds is told by its name', () => {
  const check = (globals: readonly string[], sentence: string | undefined): void =>
    assert.equal(foreignCode(globals), sentence)
  test('of __main__', () =>
    check(['torch.nn.modules.linear.Linear', '__main__.Net'], '`__main__.Net` is named: the file holds no code of it'))
  test('of a package', () =>
    check(
      ['acme.models.Net', 'acme.models.Block'],
      '`acme.models.Net` and 1 more are named: the file holds no code of them',
    ))
  test('cloudpickle', () =>
    check(
      ['cloudpickle.cloudpickle._make_function', 'builtins.dict'],
      'cloudpickle wrote code into it, and no code of a file is run',
    ))
  test('dill', () => check(['dill._dill._create_type'], 'dill wrote code into it, and no code of a file is run'))
  test('an attack', () =>
    check(['builtins.eval'], 'it names `builtins.eval`, by which pickles run code: do not load it in Python'))
  test('what torch has besides', () =>
    check(
      ['torch.utils.collect_env.run', 'torch.FloatStorage'],
      '`torch.utils.collect_env.run` is named: the file holds no code of it',
    ))
  test('another attack', () =>
    check(
      ['posix.system', '__main__.Net'],
      'it names `posix.system`, by which pickles run code: do not load it in Python',
    ))
  test('libraries that are known', () =>
    check(['sklearn.svm._classes.SVC', 'numpy._core.multiarray._reconstruct', 'collections.OrderedDict'], undefined))
})
