// An HTTPS server that offers HTTP/2 and HTTP/1.1.  usage: node h2_server.mjs CERTIFICATE KEY
// The first line on standard output is the port; then a line a request: number of the connection,
// HTTP version, method, target.  GETs are answered once COUNT of them are open, where the target is
// /together/COUNT.  Ends when standard input ends.
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";

const [certificate, key] = process.argv.slice(2).map((path) => readFileSync(path));
const server = createSecureServer({ cert: certificate, key, allowHTTP1: true });
const numbers = new Map();
const held = [];

function number(socket) {
  if (!numbers.has(socket)) numbers.set(socket, numbers.size + 1);
  return numbers.get(socket);
}

server.on("request", (request, response) => {
  const connection = number(request.httpVersionMajor === 2 ? request.stream.session : request.socket);
  console.log([connection, request.httpVersion, request.method, request.url].join("\t"));
  const together = request.url.match(/^\/together\/(\d+)$/);
  if (!together) return response.end("ok");
  held.push(response);
  if (held.length === Number(together[1])) held.splice(0).forEach((each) => each.end("together"));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
