/** The one door to preact and htm: every component imports from here. */
import { h, render } from '../../vendor/preact.js';
import { useEffect, useMemo, useReducer, useRef, useState, useCallback } from '../../vendor/preact-hooks.js';
import htm from '../../vendor/htm.js';

export const html = htm.bind(h);
export { render, useEffect, useMemo, useReducer, useRef, useState, useCallback };
