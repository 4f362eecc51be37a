/**
 * Plays the service for work on the pages alone: `node dev/double.mjs PORT PICTURES_DIR [--quiet-alerts]`.
 * Serves dist/ too, under the content security policy of the real one. State is in memory. Never shipped.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [port = "8000", pictures = "", ...flags] = process.argv.slice(2);
const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), "../dist");
const FPS = 5;
const iso = (ms = Date.now()) => new Date(ms).toISOString();
const isoUs = (us) => `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${String(us % 1000).padStart(3, "0")}Z`;

const store = { id: randomUUID(), name: "Harbour Street", timezone: "Europe/London" };
const stores = flags.includes("--two-stores") ? [store, { id: randomUUID(), name: "Old Mill Retail Park" }] : [store];
const me = { id: randomUUID(), username: "admin", roles: ["chain-administrator"], duties: [], session_id: null, permissions: ["cameras:write", "rules:read", "rules:write", "alerts:handle"] };
const colleague = { id: randomUUID(), username: "rosa" };
const names = { aisle: "Aisle 4, drinks", entrance: "Entrance", till: "Till 2", stockroom: "Stockroom door" };
const clips = new Map();
const cameras = [];
for (const name of pictures && existsSync(pictures) ? readdirSync(pictures).sort() : []) {
  const frames = JSON.parse(readFileSync(path.join(pictures, name, "frames.json"), "utf8"));
  const jpegs = frames.map((_, index) => readFileSync(path.join(pictures, name, `${String(index).padStart(4, "0")}.jpg`)));
  const camera = makeCamera(names[name] ?? name, `rtsp://10.20.0.${11 + cameras.length}:554/stream1`, "live");
  Object.assign(camera, { width: frames[0].width, height: frames[0].height, codec: "h264", fps_in: 25, fps_analysed: FPS });
  cameras.push(camera);
  clips.set(camera.id, { frames, jpegs });
}
if (!flags.includes("--no-broken")) {
  const broken = makeCamera("Car park", "rtsp://10.20.0.40:554/h264", "refused");
  broken.reason = "The camera refused the user name or password (401). Check them and save the address again.";
  broken.last_frame_at = iso(Date.now() - 3_700_000);
  cameras.push(broken);
}
const zones = [];
const rules = [];
const alerts = [];
const sockets = new Set();
let sequence = 0;

function makeCamera(name, url, state) {
  return { id: randomUUID(), store_id: store.id, name, url, state, reason: "", width: 0, height: 0, codec: "", fps_in: 0, fps_analysed: 0, dropped: 0, reconnects: 0, last_frame_at: null, has_credentials: true, analysis_fps: 5, enabled: true };
}

function makeAlert(camera, threat, dwell, ageS, extra = {}) {
  const at = Date.now() - ageS * 1000;
  return {
    id: randomUUID(), store_id: store.id, camera_id: camera.id, zone_id: null, kind: "loitering", threat, state: "raised",
    score: dwell / (dwell + 60), threshold: 0.5, epoch: 1, track_ids: ["7", "12"],
    explanation: { dwell_s: dwell, dwell_threshold_s: 60, time_span_s: dwell + 3.2, radius_body_heights: 0.62, radius_threshold_body_heights: 1 },
    started_at: iso(at - dwell * 1000), ended_at: iso(at), raised_at: iso(at), changed_at: iso(at),
    claimed_by: null, claimed_at: null, acknowledged_by: null, acknowledged_at: null, resolved_by: null, resolved_at: null, outcome: null, ...extra,
  };
}

function tell(type, payload) {
  sequence += 1;
  const text = JSON.stringify({ type, id: `${Date.now()}-${sequence}`, store_id: store.id, ...payload });
  for (const socket of sockets) if (socket.stores.has(store.id)) socket.say(text);
}

if (cameras.length > 1) {
  alerts.push(makeAlert(cameras[0], "medium", 74.2, 95), makeAlert(cameras[1], "high", 212, 340, { state: "claimed", claimed_by: colleague, claimed_at: iso() }));
  alerts.push(makeAlert(cameras[2], "low", 61, 2300), makeAlert(cameras[0], "medium", 88, 7900, { state: "acknowledged", acknowledged_by: me, acknowledged_at: iso() }));
  alerts.push(makeAlert(cameras[1], "medium", 130, 15000, { state: "resolved", resolved_by: colleague, resolved_at: iso() }));
}
if (!flags.includes("--quiet-alerts")) {
  setInterval(() => {
    const alert = makeAlert(cameras[sequence % 3], ["medium", "high", "low"][sequence % 3], 61 + (sequence % 90), 0);
    alerts.push(alert);
    tell("alert-raised", { alert });
  }, 25_000);
}

/* One frame of every camera, five times a second: picture to the watchers, analysis to the subscribers. */
const watchers = new Set();
setInterval(() => {
  const us = Date.now() * 1000 + Math.floor(Math.random() * 1000);
  for (const camera of cameras) {
    const clip = clips.get(camera.id);
    if (!clip) continue;
    const index = Math.floor(us / 200_000) % clip.frames.length;
    const { width, height, persons } = clip.frames[index];
    camera.last_frame_at = iso();
    for (const watcher of watchers) {
      if (!watcher.wanted.has(camera.id)) continue;
      const jpeg = clip.jpegs[index];
      watcher.response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\nX-Camera-Id: ${camera.id}\r\nX-Captured-At-Us: ${us}\r\n\r\n`);
      watcher.response.write(jpeg);
      watcher.response.write("\r\n");
    }
    const labelled = persons.map((person, at) => (at === 0 && camera === cameras[0] ? { ...person, labels: ["loitering"] } : person));
    const text = JSON.stringify({ type: "analysis-result", camera_id: camera.id, captured_at: isoUs(us), frame: { width, height }, persons: labelled });
    for (const socket of sockets) if (socket.cameras.has(camera.id)) socket.say(text);
  }
}, 1000 / FPS);

const page = (items) => ({ items, next: null });
class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}
const find = (list, id) => {
  const found = list.find((each) => each.id === id);
  if (!found) throw new Refusal(404, "It does not exist.");
  return found;
};
const drop = (list, id) => void list.splice(list.indexOf(find(list, id)), 1);
const keep = (list, item) => (list.push(item), item);
const snapshotOf = (id) => clips.get(id)?.jpegs[0];

const AFTER = { claim: "claimed", acknowledge: "acknowledged", resolve: "resolved" };
const routes = [
  ["GET", /^\/auth\/me$/, () => me],
  ["POST", /^\/auth\/ws-ticket$/, () => ({ ticket: "double" })],
  ["POST", /^\/auth\/logout$/, () => undefined],
  ["GET", /^\/stores$/, () => page(stores)],
  ["GET", /^\/cameras$/, (_, { query }) => page(cameras.filter((each) => each.store_id === (query.get("store_id") ?? store.id)))],
  ["POST", /^\/cameras$/, (_, { body }) => keep(cameras, { ...makeCamera(body.name, body.url.replace(/\/\/[^@/]*@/, "//"), "connecting"), store_id: body.store_id })],
  ["POST", /^\/cameras\/probe$/, async (_, { body }) => {
    await new Promise((resolve) => setTimeout(resolve, 1200));
    if (!/^(rtsp|http)/.test(body.url)) throw new Refusal(422, "No camera answers at this address: the name cannot be found.");
    return { ok: true, width: 1920, height: 1080, fps: 25, codec: "h264", snapshot: snapshotOf(cameras[0].id).toString("base64") };
  }],
  ["GET", /^\/cameras\/([^/]+)$/, ([id]) => find(cameras, id)],
  ["PATCH", /^\/cameras\/([^/]+)$/, ([id], { body }) => Object.assign(find(cameras, id), body)],
  ["DELETE", /^\/cameras\/([^/]+)$/, ([id]) => drop(cameras, id)],
  ["GET", /^\/cameras\/([^/]+)\/sessions$/, ([id]) => page(find(cameras, id).state === "live" ? [
    { id: randomUUID(), status: "active", reason: "", width: 1920, height: 1080, codec: "h264", started_at: iso(Date.now() - 5_400_000), ended_at: null },
    { id: randomUUID(), status: "error", reason: "No packet for 5 s; the stream was frozen.", width: 1920, height: 1080, codec: "h264", started_at: iso(Date.now() - 90_000_000), ended_at: iso(Date.now() - 5_412_000) },
  ] : [])],
  ["GET", /^\/cameras\/([^/]+)\/zones$/, ([id]) => page(zones.filter((zone) => zone.camera_id === id))],
  ["POST", /^\/cameras\/([^/]+)\/zones$/, ([id], { body }) => keep(zones, { id: randomUUID(), camera_id: id, ...body })],
  ["PATCH", /^\/cameras\/[^/]+\/zones\/([^/]+)$/, ([id], { body }) => Object.assign(find(zones, id), body)],
  ["DELETE", /^\/cameras\/[^/]+\/zones\/([^/]+)$/, ([id]) => drop(zones, id)],
  ["GET", /^\/rules\/kinds$/, () => page([{ kind: "loitering", zone_kind: "loitering", defaults: { zone_dwell_s: 30, spot_dwell_s: 60, spot_radius: 1, gap_s: 8, threat: "medium", spot: true }, parameters_schema: {} }])],
  ["GET", /^\/rules$/, () => page(rules)],
  ["POST", /^\/rules$/, (_, { body }) => keep(rules, { id: randomUUID(), ...body })],
  ["PATCH", /^\/rules\/([^/]+)$/, ([id], { body }) => Object.assign(find(rules, id), body)],
  ["GET", /^\/alerts$/, (_, { query }) => {
    const states = query.getAll("state");
    return page(alerts.filter((each) => each.store_id === query.get("store_id") && (!states.length || states.includes(each.state)) && (!query.get("camera_id") || each.camera_id === query.get("camera_id"))));
  }],
  ["GET", /^\/alerts\/([^/]+)$/, ([id]) => find(alerts, id)],
  ["POST", /^\/alerts\/([^/]+)\/(claim|acknowledge|resolve)$/, async ([id, action], { body }) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const alert = find(alerts, id);
    if (alert.state === "resolved") throw new Refusal(409, "rosa has resolved this alert already.");
    const by = { claim: "claimed_by", acknowledge: "acknowledged_by", resolve: "resolved_by" }[action];
    Object.assign(alert, { state: AFTER[action], [by]: me, [by.replace("_by", "_at")]: iso(), changed_at: iso(), outcome: body.outcome ?? null });
    tell("alert-changed", { alert });
    return alert;
  }],
];

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    const status = error.status ?? 500;
    json(response, status, { type: "about:blank", title: "Refused", status, detail: error.message }, "application/problem+json");
  });
});

async function handle(request, response) {
  const url = new URL(request.url, "http://double");
  if (!url.pathname.startsWith("/api/v1/")) return file(url.pathname, response);
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const name = url.pathname.slice("/api/v1".length);
  if (name === "/auth/token") return token(new URLSearchParams(text), request, response);
  if (name === "/auth/logout") response.setHeader("Set-Cookie", "pp_refresh=; Path=/api/v1/auth; HttpOnly; Max-Age=0");
  if (request.headers.authorization !== "Bearer access" && name !== "/auth/logout") throw new Refusal(401, "Sign in.");
  if (name === "/live/pictures") return watch(url.searchParams.getAll("camera_id"), response);
  const shot = /^\/cameras\/([^/]+)\/snapshot$/.exec(name);
  if (shot) {
    const jpeg = snapshotOf(shot[1]);
    if (!jpeg) throw new Refusal(503, "This camera has no picture yet.");
    return response.writeHead(200, { "Content-Type": "image/jpeg" }).end(jpeg);
  }
  for (const [method, pattern, answer] of routes) {
    const match = method === request.method && pattern.exec(name);
    if (match) return json(response, 200, await answer(match.slice(1), { query: url.searchParams, body: text ? JSON.parse(text) : {} }));
  }
  throw new Refusal(404, `The double does not know ${request.method} ${name}.`);
}

function json(response, status, body, type = "application/json") {
  if (body === undefined) return response.writeHead(204).end();
  response.writeHead(status, { "Content-Type": type }).end(JSON.stringify(body));
}

function token(form, request, response) {
  const known = form.get("grant_type") === "refresh_token" ? /pp_refresh=double/.test(request.headers.cookie ?? "") : form.get("password") === "admin";
  if (!known) return json(response, 401, { detail: "The user name or the password is wrong." }, "application/problem+json");
  response.setHeader("Set-Cookie", "pp_refresh=double; Path=/api/v1/auth; HttpOnly; SameSite=Strict");
  json(response, 200, { access_token: "access", token_type: "bearer", expires_in: 900 });
}

function watch(ids, response) {
  response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=frame", "Cache-Control": "no-store" });
  const watcher = { wanted: new Set(ids), response };
  watchers.add(watcher);
  response.on("close", () => watchers.delete(watcher));
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
function file(name, response) {
  const wanted = path.join(dist, path.normalize(name));
  const found = path.extname(name) && existsSync(wanted) ? wanted : path.join(dist, "index.html");
  response.setHeader("Content-Security-Policy", "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:");
  response.writeHead(200, { "Content-Type": TYPES[path.extname(found)] ?? "application/octet-stream" }).end(readFileSync(found));
}

/* WebSocket by hand: text frames, no extensions. */
server.on("upgrade", (request, stream) => {
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const socket = { stores: new Set(), cameras: new Set(), say: (text) => stream.write(frame(Buffer.from(text))) };
  sockets.add(socket);
  stream.on("close", () => sockets.delete(socket));
  stream.on("error", () => sockets.delete(socket));
  let held = Buffer.alloc(0);
  stream.on("data", (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (let text = next(); text !== null; text = next()) if (text) listen(socket, JSON.parse(text));
  });
  function next() {
    if (held.length < 6) return null;
    const small = held[1] & 127;
    const start = small === 126 ? 8 : 6;
    const length = small === 126 ? held.readUInt16BE(2) : small;
    if (held.length < start + length) return null;
    const mask = held.subarray(start - 4, start);
    const payload = Buffer.from(held.subarray(start, start + length).map((byte, index) => byte ^ mask[index % 4]));
    const code = held[0] & 15;
    held = held.subarray(start + length);
    if (code === 8) stream.end();
    return code === 1 ? payload.toString() : "";
  }
});

function frame(payload) {
  const head = payload.length < 126 ? Buffer.from([129, payload.length]) : payload.length < 65536 ? Buffer.from([129, 126, payload.length >> 8, payload.length & 255]) : Buffer.concat([Buffer.from([129, 127, 0, 0, 0, 0]), Buffer.from(new Uint32Array([payload.length]).buffer).swap32()]);
  return Buffer.concat([head, payload]);
}

function listen(socket, message) {
  if (message.type === "join-store") socket.stores.add(message.store_id);
  if (message.type === "leave-store") socket.stores.delete(message.store_id);
  if (message.type === "subscribe-camera") socket.cameras.add(message.camera_id);
  if (message.type === "unsubscribe-camera") socket.cameras.delete(message.camera_id);
  if (message.type === "ping") socket.say(JSON.stringify({ type: "pong" }));
}

server.listen(Number(port), "127.0.0.1", () => console.log(`double on http://127.0.0.1:${port} with ${cameras.length} cameras (admin / admin)`));
