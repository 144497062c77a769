/** The icons, drawn on a 24-unit grid with one stroke width. An icon never stands alone: its button or label carries the words. */
import { html } from './html.js';

/** @type {Record<string, string[]>} paths */
const PATHS = {
  microphone: ['M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z', 'M5.5 11a6.5 6.5 0 0 0 13 0', 'M12 17.5V21', 'M8.5 21h7'],
  'microphone-off': ['M9 6a3 3 0 0 1 6 0v4', 'M15 12.6A3 3 0 0 1 9 11V9', 'M5.5 11a6.5 6.5 0 0 0 10.6 5', 'M18.5 11c0 .9-.2 1.7-.5 2.5', 'M12 17.5V21', 'M8.5 21h7', 'M3.5 3.5l17 17'],
  camera: ['M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z', 'M15.5 10.8l6-3.3v9l-6-3.3'],
  'camera-off': ['M10 6.5h3.5a2 2 0 0 1 2 2V12', 'M15.3 16.3a2 2 0 0 1-1.8 1.2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 1.6-2', 'M15.5 10.8l6-3.3v9l-3-1.6', 'M3.5 3.5l17 17'],
  switch: ['M4 9.5a8 8 0 0 1 14.6-2.3L20.5 9', 'M20.5 4.5V9H16', 'M20 14.5a8 8 0 0 1-14.6 2.3L3.5 15', 'M3.5 19.5V15H8'],
  screen: ['M4 4.5h16a1.5 1.5 0 0 1 1.5 1.5v9.5A1.5 1.5 0 0 1 20 17H4a1.5 1.5 0 0 1-1.5-1.5V6A1.5 1.5 0 0 1 4 4.5z', 'M8 20.5h8', 'M12 14V8', 'M9 10.5L12 7.5l3 3'],
  exam: ['M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z', 'M15.3 15.3l5.2 5.2', 'M10.5 7.7v5.6', 'M7.7 10.5h5.6'],
  stethoscope: ['M5.5 3.5H4V9a5 5 0 0 0 10 0V3.5h-1.5', 'M9 14v1.5a5 5 0 0 0 10 0V13', 'M19 9a2 2 0 1 1 0 4 2 2 0 0 1 0-4z'],
  chat: ['M5 4.5h14a2 2 0 0 1 2 2v8.5a2 2 0 0 1-2 2h-7.5L7 20.5V17H5a2 2 0 0 1-2-2V6.5a2 2 0 0 1 2-2z', 'M8 9h8', 'M8 12.5h5'],
  people: ['M9 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z', 'M2.5 19.5a6.5 6.5 0 0 1 13 0', 'M16 5.3a3.5 3.5 0 0 1 0 6.4', 'M18 14a6.5 6.5 0 0 1 3.5 5.5'],
  devices: ['M4 7h9', 'M17 7h3', 'M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z', 'M4 17h3', 'M11 17h9', 'M9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4z', 'M4 12h16'],
  more: [5, 12, 19].map((x) => `M${x} 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2z`),
  leave: ['M3.3 14.2c-.5-2 .3-3.9 2.2-4.7 4-1.7 9-1.7 13 0 1.9.8 2.7 2.7 2.2 4.7-.2.8-.9 1.2-1.7 1l-2.8-.7c-.7-.2-1.1-.8-1.1-1.5v-1.3a14 14 0 0 0-6.2 0V13c0 .7-.4 1.3-1.1 1.5l-2.8.7c-.8.2-1.5-.2-1.7-1z'],
  close: ['M6 6l12 12', 'M18 6L6 18'],
  lock: ['M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19v-7a1.5 1.5 0 0 1 1.5-1.5z', 'M8 10.5V7.5a4 4 0 0 1 8 0v3'],
  unlock: ['M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19v-7a1.5 1.5 0 0 1 1.5-1.5z', 'M8 10.5V7.5a4 4 0 0 1 7.7-1.5'],
  pin: ['M9 3.5h6', 'M10 3.5v6l-3 4h10l-3-4v-6', 'M12 13.5v7'],
  remove: ['M9 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z', 'M2.5 19.5a6.5 6.5 0 0 1 13 0', 'M16.5 8.5l5 5', 'M21.5 8.5l-5 5'],
  send: ['M4 12l16.5-7.5-4.5 15.5-4-6.5z', 'M12 13.5l8.5-9'],
  alert: ['M12 3.5l9.5 16.5h-19z', 'M12 9.5v5', 'M12 17.3h.01'],
  speaker: ['M4 9.5v5h3.5l5 4v-13l-5 4z', 'M16 9a4.2 4.2 0 0 1 0 6', 'M18.5 6.5a8 8 0 0 1 0 11'],
  'link-out': ['M10 13.5a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6', 'M14 10.5a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6'],
  check: ['M4.5 12.5l5 5 10-11'],
  clock: ['M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z', 'M12 7.5V12l3 2'],
  phone: ['M6.5 3.5h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A16 16 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z'],
  text: ['M6 3.5h8.5L19 8v12a.5.5 0 0 1-.5.5h-12A.5.5 0 0 1 6 20z', 'M14 3.5V8.5h5', 'M9 13h7', 'M9 16.5h5'],
  wave: ['M4 10.5v3', 'M8 7.5v9', 'M12 4.5v15', 'M16 7.5v9', 'M20 10.5v3'],
};

/** The desks' icons, which a visit does not pay for. @param {Record<string, string[]>} more */
export function addIcons(more) {
  Object.assign(PATHS, more);
}

/** @param {{name: string, size?: number}} props */
export function Icon({ name, size = 24 }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true" focusable="false">
    ${(PATHS[name] ?? []).map((path) => html`<path d=${path} />`)}
  </svg>`;
}

/** Bars that are told apart by number, not by colour alone. @param {{level: 'good' | 'fair' | 'poor' | 'unknown'}} props */
export function LinkBars({ level }) {
  const filled = { good: 3, fair: 2, poor: 1, unknown: 0 }[level];
  return html`<svg class="bars bars-${level}" viewBox="0 0 18 16" width="18" height="16" aria-hidden="true" focusable="false">
    ${[0, 1, 2].map(
      (bar) => html`<rect class=${bar < filled ? 'bar-on' : 'bar-off'} x=${1 + bar * 6} y=${10 - bar * 4} width="4" height=${5 + bar * 4} rx="1" />`,
    )}
  </svg>`;
}

/** The mark: a shanyrak, the crown of a yurt, under which people sit together. @param {{size?: number}} props */
export function Mark({ size = 32 }) {
  return html`<svg class="mark" viewBox="0 0 32 32" width=${size} height=${size} aria-hidden="true" focusable="false">
    <circle cx="16" cy="16" r="13" />
    <g transform="rotate(45 16 16)">
      <path d="M16 3v26M10.5 4.2c2.2 7.6 2.2 16 0 23.6M21.5 4.2c-2.2 7.6-2.2 16 0 23.6" />
      <path d="M3 16h26M4.2 10.5c7.6 2.2 16 2.2 23.6 0M4.2 21.5c7.6-2.2 16-2.2 23.6 0" />
    </g>
  </svg>`;
}
