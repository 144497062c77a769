/** Cameras, microphones and screens: opening them, listing them, and what it means when that fails. Keeps nothing open by itself. */

/** @typedef {import('../state/reducer.js').Devices} Devices */
/** @typedef {'camera' | 'microphone'} Kind */

/** @type {MediaTrackConstraints} */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
/** An exam camera is looked at closely: resolution before smoothness. @type {MediaTrackConstraints} */
const EXAM = { width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 30, max: 30 } };
/** @type {MediaTrackConstraints} */
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Speech processing would eat heart sounds. @type {MediaTrackConstraints} */
const STETHOSCOPE = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };

/** @param {string | undefined} deviceId @returns {Promise<MediaStreamTrack>} */
export const openCamera = (deviceId) => openPreferred('video', CAMERA, deviceId);

/** @param {string | undefined} deviceId */
export const openMicrophone = (deviceId) => openPreferred('audio', MICROPHONE, deviceId);

/** @param {{camera?: string, microphone?: string}} chosen */
export async function openTogether(chosen) {
  const stream = await ask({
    audio: { ...MICROPHONE, ...exactly(chosen.microphone) },
    video: { ...CAMERA, ...exactly(chosen.camera) },
  });
  const [microphone, camera] = [stream.getAudioTracks()[0], stream.getVideoTracks()[0]];
  if (!microphone || !camera) throw new DOMException('a track is missing', 'NotFoundError');
  return { microphone, camera };
}

/** @param {string} deviceId */
export const openExam = (deviceId) => open('video', { ...EXAM, deviceId: { exact: deviceId } });

/** @param {string} deviceId */
export const openStethoscope = (deviceId) => open('audio', { ...STETHOSCOPE, deviceId: { exact: deviceId } });

/** @returns {boolean} */
export const canShareScreen = () => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/** @returns {Promise<MediaStreamTrack>} */
export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: false });
  return onlyTrack(stream);
}

/** @returns {Promise<Devices>} labels are empty until a permission was given */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (/** @type {MediaDeviceKind} */ kind) =>
    all.filter((device) => device.kind === kind && device.deviceId !== '').map((device) => ({ id: device.deviceId, label: device.label }));
  return { cameras: of('videoinput'), microphones: of('audioinput'), speakers: of('audiooutput') };
}

/** @param {Kind} kind @param {unknown} error @returns {string} a code under `errors.` in the dictionaries */
export function deviceProblem(kind, error) {
  const prefix = kind === 'camera' ? 'E-CAM' : 'E-MIC';
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'InsecureContext':
      return 'E-DEV-1';
    case 'NotAllowedError':
    case 'SecurityError':
      return `${prefix}-1`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `${prefix}-2`;
    case 'NotReadableError':
    case 'AbortError':
      return `${prefix}-3`;
    default:
      return `${prefix}-5`;
  }
}

/**
 * The chosen device, or any when it is gone: that must not stop the visit. (`ideal` would be weighed against the picture's size.)
 * @param {'audio' | 'video'} kind @param {MediaTrackConstraints} constraints @param {string | undefined} deviceId
 */
async function openPreferred(kind, constraints, deviceId) {
  try {
    return await open(kind, { ...constraints, ...exactly(deviceId) });
  } catch (error) {
    if (!deviceId || !(error instanceof Error) || (error.name !== 'OverconstrainedError' && error.name !== 'NotFoundError')) throw error;
    return open(kind, constraints);
  }
}

/** @param {string | undefined} deviceId @returns {MediaTrackConstraints} */
function exactly(deviceId) {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

/** @param {'audio' | 'video'} kind @param {MediaTrackConstraints} constraints */
async function open(kind, constraints) {
  return onlyTrack(await ask({ [kind]: constraints }));
}

/** @param {MediaStreamConstraints} constraints */
async function ask(constraints) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('media devices need a secure context', 'InsecureContext');
  return navigator.mediaDevices.getUserMedia(constraints);
}

/** @param {MediaStream} stream */
function onlyTrack(stream) {
  const track = stream.getTracks()[0];
  if (!track) throw new DOMException('no track was opened', 'NotFoundError');
  return track;
}
