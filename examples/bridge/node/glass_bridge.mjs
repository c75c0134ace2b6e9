// Shows a glass agent what happens on the ZeroMQ sockets of a Node program (npm's zeromq, version 6).
//
//     import * as zmq from "zeromq"
//     import { watch } from "./glass_bridge.mjs"
//
//     const socket = new zmq.Subscriber()
//     watch(socket, "ticks", { app: "pricing" })
//     socket.connect("tcp://feed:5556")
//
// Nothing here waits for the agent. While it is away, or slow, events are kept, up to a number, then dropped and counted, and the agent
// is told how many they were as soon as it listens again.
import { randomBytes } from "node:crypto"
import { endianness } from "node:os"
import { basename } from "node:path"
import * as zmq from "zeromq"

// What libzmq calls the events of zmq_socket_monitor(3), and the errors of a handshake.
const EVENTS = {
  "connect": 0x1, "connect:delay": 0x2, "connect:retry": 0x4, "bind": 0x8, "bind:error": 0x10, "accept": 0x20, "accept:error": 0x40,
  "close": 0x80, "close:error": 0x100, "disconnect": 0x200, "end": 0x400, "handshake:error:other": 0x800, "handshake": 0x1000,
  "handshake:error:protocol": 0x2000, "handshake:error:auth": 0x4000,
}
const LOST = 1 << 28 // the number of glass's event "lost"
const PROTOCOL_ERRORS = {
  ERR_ZMTP_UNSPECIFIED: 0x10000000, ERR_ZMTP_UNEXPECTED_COMMAND: 0x10000001, ERR_ZMTP_INVALID_SEQUENCE: 0x10000002,
  ERR_ZMTP_KEY_EXCHANGE: 0x10000003, ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED: 0x10000011, ERR_ZMTP_MALFORMED_COMMAND_MESSAGE: 0x10000012,
  ERR_ZMTP_MALFORMED_COMMAND_HELLO: 0x10000013, ERR_ZMTP_MALFORMED_COMMAND_INITIATE: 0x10000014,
  ERR_ZMTP_MALFORMED_COMMAND_ERROR: 0x10000015, ERR_ZMTP_MALFORMED_COMMAND_READY: 0x10000016,
  ERR_ZMTP_MALFORMED_COMMAND_WELCOME: 0x10000017, ERR_ZMTP_INVALID_METADATA: 0x10000018, ERR_ZMTP_CRYPTOGRAPHIC: 0x11000001,
  ERR_ZMTP_MECHANISM_MISMATCH: 0x11000002, ERR_ZAP_UNSPECIFIED: 0x20000000, ERR_ZAP_MALFORMED_REPLY: 0x20000001,
  ERR_ZAP_BAD_REQUEST_ID: 0x20000002, ERR_ZAP_BAD_VERSION: 0x20000003, ERR_ZAP_INVALID_STATUS_CODE: 0x20000004,
  ERR_ZAP_INVALID_METADATA: 0x20000005,
}
const NO_DESCRIPTOR = 0xffffffff

/**
 * Forwards what happens to a socket from now on, until it is closed: call it before bind and connect. name and app are what the agent
 * shows; app is the program's file name if it is not given. queue is how many events are kept for the agent. What it returns has
 * dropped, the number of those that were dropped so far, and ended, a promise that is kept when the last event has been handed on.
 */
export function watch(socket, name = "", { app = basename(process.argv[1] ?? "node"), agent = "tcp://127.0.0.1:5580", queue = 1000 } = {}) {
  const out = new zmq.Dealer({
    context: new zmq.Context(), // of its own
    routingId: routingId(socket, name, app), sendHighWaterMark: queue,
    sendTimeout: 0, // what cannot go into the queue is refused at once
    linger: 500, // the last events may still leave when the socket is closed
  })
  out.connect(agent)
  const watching = { dropped: 0 }
  watching.ended = forward(socket.events, out, watching)
  return watching
}

async function forward(events, out, watching) {
  let untold = 0
  const sent = (frames) => out.send(frames).then(() => true, () => false)
  for await (const event of events) {
    if (untold > 0 && await sent([u64(LOST), u64(1), u64(untold), "", ""])) untold = 0 // as zmq_socket_monitor_versioned(3) has it
    if (EVENTS[event.type] === undefined) continue
    if (!await sent([head(EVENTS[event.type], value(event)), event.address ?? ""])) {
      watching.dropped++
      untold++
    }
  }
  out.close()
}

// value is the number that libzmq gives with an event. Descriptors do not come this far.
function value({ interval, error }) {
  if (interval !== undefined) return interval
  if (error === undefined) return NO_DESCRIPTOR
  return error.status ?? PROTOCOL_ERRORS[error.code] ?? Math.abs(error.errno ?? 0)
}

const little = endianness() === "LE"

function head(event, value) {
  const b = Buffer.alloc(6)
  little ? b.writeUInt16LE(event) : b.writeUInt16BE(event)
  little ? b.writeUInt32LE(value >>> 0, 2) : b.writeUInt32BE(value >>> 0, 2)
  return b
}

function u64(n) {
  const b = Buffer.alloc(8)
  little ? b.writeBigUInt64LE(BigInt(n)) : b.writeBigUInt64BE(BigInt(n))
  return b
}

// routingId says who we are, in at most 255 bytes, so the names are cut. Its random end keeps two watchers of one name apart.
function routingId(socket, name, app) {
  const word = (text) => [...Buffer.from(text).subarray(0, 30)].map((b) => "%" + b.toString(16).padStart(2, "0")).join("")
  const type = { Publisher: "PUB", Subscriber: "SUB", XPublisher: "XPUB", XSubscriber: "XSUB", Request: "REQ", Reply: "REP" }[socket.constructor.name]
    ?? socket.constructor.name.toUpperCase()
  return `app=${word(app)};socket=${word(name)};type=${type};pid=${process.pid};n=${randomBytes(4).toString("hex")}`
}
