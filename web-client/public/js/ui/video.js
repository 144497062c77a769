/** A <video> that shows one stream: keeps `srcObject` right, and never crops away most of a picture. */
import { html, useEffect, useRef } from './html.js';

/** An upright picture loses heads when it is cut to a wide tile, so little may be cut; a wide picture loses only its sides. */
const MOST_CUT_OF_HEIGHT = 1.45;

/**
 * @param {{stream: MediaStream | null, mirrored?: boolean, whole?: boolean, label: string, onShown?: (element: HTMLVideoElement) => void}} props
 *   `whole` never crops
 */
export function Video({ stream, mirrored = false, whole = false, label, onShown }) {
  const ref = useRef(/** @type {HTMLVideoElement | null} */ (null));

  useEffect(() => {
    const element = ref.current;
    if (!element || element.srcObject === stream) return;
    element.srcObject = stream;
    if (!stream) return;
    element.play().catch(() => {});
    onShown?.(element);
  }, [stream]);

  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const fit = () => {
      element.classList.toggle('is-whole', whole || !fills(element.videoWidth / element.videoHeight, element.clientWidth / element.clientHeight));
    };
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    element.addEventListener('resize', fit);
    fit();
    return () => {
      observer.disconnect();
      element.removeEventListener('resize', fit);
    };
  }, [whole]);

  return html`<video ref=${ref} class=${mirrored ? 'video is-mirrored' : 'video'} aria-label=${label} autoplay playsinline muted disablepictureinpicture></video>`;
}

/** @param {number} picture width over height @param {number} tile width over height @returns {boolean} */
export function fills(picture, tile) {
  if (!Number.isFinite(picture) || !Number.isFinite(tile) || picture <= 0 || tile <= 0) return true;
  return tile / picture <= MOST_CUT_OF_HEIGHT;
}
