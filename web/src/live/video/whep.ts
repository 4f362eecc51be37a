/** One live view by WHEP: offer out, answer in, until it ends. The address is the one MediaMTX serves: PATH/whep. */
import { API, authorized } from "../../api/client";

const CONNECT_MS = 10_000;
const GATHER_MS = 1_500;

export interface VideoSink {
  stream: (stream: MediaStream, receiver: RTCRtpReceiver) => void;
  clock: (message: unknown) => void;
}

/** Why a view ended: "no-video" will not change by asking again soon. */
export type Ending = "no-video" | "over";

/** Watches until the view ends or `stop` is aborted. Never rejects. */
export async function watchVideo(cameraId: string, sink: VideoSink, stop: AbortSignal): Promise<Ending> {
  const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
  let leave: string | null = null;
  try {
    const { receiver } = peer.addTransceiver("video", { direction: "recvonly" });
    const channel = peer.createDataChannel("clock", { ordered: true });
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }) => sink.clock(data);
    peer.ontrack = ({ streams, track }) => sink.stream(streams[0] ?? new MediaStream([track]), receiver);
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const answer = await authorized(`${API}/live/${cameraId}/whep`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: peer.localDescription?.sdp ?? "",
      signal: AbortSignal.any([stop, AbortSignal.timeout(CONNECT_MS)]),
    });
    if (answer.status !== 201) return answer.status === 409 || answer.status === 403 || answer.status === 422 ? "no-video" : "over";
    leave = answer.headers.get("Location");
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await ended(peer, stop);
    return "over";
  } catch {
    return "over";
  } finally {
    peer.close();
    if (leave) void authorized(leave, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, GATHER_MS);
    done();
  });
}

/** When the connection is lost, was not made in time, or nobody wants it any more. */
function ended(peer: RTCPeerConnection, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => peer.connectionState !== "connected" && resolve(), CONNECT_MS);
    const look = () => ["failed", "closed", "disconnected"].includes(peer.connectionState) && resolve();
    peer.addEventListener("connectionstatechange", look);
    stop.addEventListener("abort", () => (clearTimeout(late), resolve()), { once: true });
    if (stop.aborted) resolve();
  });
}
