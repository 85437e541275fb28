// Node's https, with a pin in checkServerIdentity where one is wanted.
//
// Reads an array of calls as JSON from standard input:
//   {url, secret, store: PEM file, pin: "sha256/BASE64" or null, forgetful: bool, along: bool}
// and writes a line for each as it ends: its number, a code, its words on one line, with tabs between.

import crypto from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import tls from 'node:tls'

const PATIENCE = 10_000 // milliseconds for one call

// `pubkey` of a certificate in Node is not the SubjectPublicKeyInfo where the key is an EC key.
function pinOf(certificate) {
  const key = new crypto.X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' })
  return 'sha256/' + crypto.createHash('sha256').update(key).digest('base64')
}

// Not the verified path: Node finds each issuer by name and key identifier, and looks at no signature.
function walk(leaf) {
  const path = []
  for (let one = leaf; one?.raw; one = one.issuerCertificate) {
    if (path.some((before) => before.raw.equals(one.raw))) break // a root is its own issuer
    path.push(one)
  }
  return path
}

function identity({ pin, forgetful, along }) {
  return (host, certificate) => {
    const wrong = forgetful ? undefined : tls.checkServerIdentity(host, certificate)
    if (wrong) return wrong
    const pins = (along ? walk(certificate) : [certificate]).map(pinOf)
    return pins.includes(pin) ? undefined : new Error(`no pin matches: saw ${pins.join(' ')}`)
  }
}

function made(call, number) {
  return new Promise((done) => {
    const end = (code, words) => {
      console.log([number, code, words.split('\n')[0].replaceAll('\t', ' ')].join('\t'))
      done()
    }
    const options = {
      headers: { Authorization: `Bearer ${call.secret}` },
      agent: new https.Agent({ keepAlive: false, maxCachedSessions: 0 }), // so that every handshake is a full one
      ca: fs.readFileSync(call.store),
      timeout: PATIENCE,
      ...(call.pin ? { checkServerIdentity: identity(call) } : {}),
    }
    const request = https.get(call.url, options, (response) => {
      response.resume()
      response.on('end', () => end(0, `HTTP ${response.statusCode}`))
      response.on('error', (problem) => end(1, problem.message))
    })
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', (problem) => end(1, [problem.code, problem.message].filter(Boolean).join(': ')))
  })
}

const calls = JSON.parse(fs.readFileSync(0, 'utf8'))
for (const [number, call] of calls.entries()) await made(call, number)
