// A program that is watched, for the tests: it does what it reads, a command a line, and says when it has been done. Its first argument
// is the folder of the bridge, in whose node_modules zeromq is.
import { createRequire } from "node:module"
import { createInterface } from "node:readline"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

const [folder, agent] = process.argv.slice(2)
const zmq = createRequire(resolve(folder, "package.json"))("zeromq")
const { watch } = await import(pathToFileURL(resolve(folder, "glass_bridge.mjs")))

const pull = new zmq.Pull()
const watching = watch(pull, "jobs; a=b", { app: "wörker", agent })
await pull.bind("tcp://127.0.0.1:*")
console.log(pull.lastEndpoint)
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(" ")
  if (command === "quit") break
  for (let i = 0; i < Number(count); i++) { // a peer comes, is heard, and goes
    const push = new zmq.Push()
    push.connect(pull.lastEndpoint)
    await push.send("job")
    await pull.receive()
    push.close()
  }
  console.log("done")
}
pull.close()
await watching.ended
console.log("dropped", watching.dropped)
