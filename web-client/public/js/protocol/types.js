/**
 * The signaling messages as types (signaling/PROTOCOL.md). Types only: what is checked at run time is in messages.js.
 *
 * @typedef {'nurse' | 'specialist' | 'patient' | 'guest'} Role
 * @typedef {'microphone' | 'camera' | 'exam' | 'screen' | 'stethoscope'} Source
 * @typedef {'admit' | 'mute' | 'remove' | 'lock' | 'unlock' | 'end'} ModerateOp
 * @typedef {'absent' | 'present' | 'in_call'} HostStatus
 * @typedef {'left' | 'removed' | 'ended' | 'replaced' | 'expired' | 'draining' | 'denied'} ByeReason
 *
 * @typedef {{id: string, name: string, role: Role, status: 'waiting' | 'in_call' | 'reconnecting'}} Participant
 * @typedef {{id: string, participant: string, source: Source, kind: 'audio' | 'video', active: boolean, muted: boolean}} Track
 * @typedef {{mid: string, track: string | null}} SlotBinding
 * @typedef {{publish: Source[], moderate: ModerateOp[]}} Permissions
 * @typedef {{rev: number, intent_rev: number, locked: boolean, participants: Participant[], tracks: Track[], video: SlotBinding[],
 *   audio: SlotBinding[], permissions: Permissions}} Room
 *
 * @typedef {{mid: string, source: Source, active: boolean, muted: boolean}} PublishWish
 * @typedef {{mid: string, track: string | null, max_height: number, priority: number}} VideoWish
 * @typedef {{rev: number, publish: PublishWish[], video: VideoWish[], audio: {auto: boolean, pinned: string[]}}} Intent
 *
 * @typedef {{id: string, secret: string, expires_ms: number}} Resume
 * @typedef {{urls: string[], username: string | null, credential: string | null}} IceServer
 * @typedef {{message_bytes: number, sdp_message_bytes: number, messages_per_s: number, burst: number, heartbeat_ms: number, dead_ms: number,
 *   resume_ms: number, participants: number}} Limits
 * @typedef {{from: string, to: string, kind: string, body: string, at_ms: number}} AppEntry
 * @typedef {'full' | 'small' | 'stills' | 'audio' | 'phone'} Rung
 * @typedef {{loss_ratio: number, rtt_ms: number | null, jitter_ms: number, rate_bps: number, estimate_bps: number | null, mos: number | null}} LinkQuality
 *
 * @typedef {{type: 'waiting', id: string, position: number, host_status: HostStatus, resume: Resume}} WaitingMessage
 * @typedef {{type: 'joined', id: string, gen: number, answer: string | null, ice_servers: IceServer[], resume: Resume, rev: number,
 *   snapshot: Room | null, history: AppEntry[], limits: Limits}} JoinedMessage
 * @typedef {{type: 'answer', neg_id: number, sdp: string}} AnswerMessage
 * @typedef {{type: 'renegotiate', reason: 'ice_failed' | 'server_moved'}} RenegotiateMessage
 * @typedef {{type: 'state'} & Room} StateMessage
 * @typedef {{type: 'layers', mid: string, active: string[]}} LayersMessage
 * @typedef {{type: 'speakers', ids: string[]}} SpeakersMessage
 * @typedef {{type: 'quality', id: string, uplink: LinkQuality | null, downlink: LinkQuality | null, concealed_ratio: number | null,
 *   freeze_ratio: number | null, rung: Rung | null, paused: string[], mos: number | null,
 *   cause: null | 'uplink' | 'downlink' | 'device' | 'server'}} QualityMessage
 * @typedef {{type: 'reconnect', tier: 'socket' | 'ice' | 'peer' | 'server', url: string | null, after_ms: number}} ReconnectMessage
 * @typedef {{type: 'app'} & AppEntry} AppMessage
 * @typedef {{type: 'error', code: string, retryable: boolean, field: string | null, ref: string | null}} ErrorMessage
 * @typedef {{type: 'pong', at_ms: number}} PongMessage
 * @typedef {{type: 'bye', reason: ByeReason}} ByeMessage
 * @typedef {WaitingMessage | JoinedMessage | AnswerMessage | RenegotiateMessage | StateMessage | LayersMessage | SpeakersMessage
 *   | QualityMessage | ReconnectMessage | AppMessage | ErrorMessage | PongMessage | ByeMessage} ServerMessage
 *
 * @typedef {{rtt_ms: number, loss_ratio: number, rate_bps: number, estimate_bps: number | null, limited: 'none' | 'cpu' | 'bandwidth', rung: Rung}} UplinkStats
 * @typedef {{loss_ratio: number, jitter_ms: number, rate_bps: number, concealed_ratio: number, freeze_ratio: number, frames_per_s: number}} DownlinkStats
 */

export {};
