/** What a page of ours offers to tests (web-client/README.md), and what the journeys leave on it for themselves. */

interface Window {
  kenes: {
    state(): any;
    peerConnection(): RTCPeerConnection | null;
    socket(): WebSocket | null;
    readonly offersMade: number;
    readonly firstFrameMs: number | null;
    readonly generation: number;
  };
  stopWatching(): { frames: number; longest_gap_ms: number };
  probe: {
    legible(): boolean;
    take(): Promise<import('../rural/probe.js').Noted>;
  };
  oldSocket: WebSocket | null;
  oldPeer: RTCPeerConnection | null;
}
